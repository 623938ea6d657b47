//! S3's operations as R2 answers them; s3s reads the requests, checks the signatures and writes the answers.

use std::{fs, io};

use s3s::{S3, S3Error, S3Request, S3Response, S3Result, dto::*, s3_error};

use crate::{
    answer::{described, escape, noted, unsatisfiable, weigh},
    attributes::request,
    commit::Commit,
    digests::Digests,
    precondition::Asked,
    store::{Conditions, Store, Wanted},
};

#[async_trait::async_trait]
impl S3 for Store {
    async fn get_object(
        &self,
        req: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let asked = req.extensions.get::<Asked>().cloned().unwrap_or_default();
        let GetObjectInput { bucket, key, .. } = req.input;
        let opened = self.open(&bucket, &key, Wanted::Bytes(asked.range)).await;
        let opened = opened.map_err(|e| noted("GET", &key, e))?;
        weigh(&asked, &opened)?;
        let length = opened.length;
        let Some(part) = opened.part.clone() else {
            return Err(unsatisfiable(length));
        };
        let range = asked.range.filter(|_| length > 0);
        let content_range =
            range.map(|_| format!("bytes {}-{}/{length}", part.start, part.end - 1));
        let head = opened.attributes.head.clone();
        let mut output = described(head);
        output.content_length = i64::try_from(part.end - part.start).ok();
        output.content_range = content_range;
        output.body = Some(opened.body(part));
        Ok(S3Response::new(output))
    }

    async fn head_object(
        &self,
        req: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let asked = req.extensions.get::<Asked>().cloned().unwrap_or_default();
        let HeadObjectInput { bucket, key, .. } = req.input;
        let opened = self.open(&bucket, &key, Wanted::Attributes).await;
        let opened = opened.map_err(|e| noted("HEAD", &key, e))?;
        weigh(&asked, &opened)?;
        let accept_ranges = Some("bytes".to_owned());
        Ok(S3Response::new(HeadObjectOutput {
            accept_ranges,
            ..opened.attributes.head.clone()
        }))
    }

    async fn put_object(
        &self,
        mut req: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let (bucket, key) = (req.input.bucket.clone(), req.input.key.clone());
        self.place(&bucket, &key)?;
        self.check_bucket(&bucket)?;
        let commit = Commit::default();
        let conditions = Conditions {
            if_match: req.input.if_match.clone(),
            if_none_match: req.input.if_none_match.clone(),
        };
        let digests = Digests::of(&req.input, req.trailing_headers.as_ref());
        let (store, name) = (self.clone(), key.clone());
        let admit = move || tokio::spawn(store.lock_if(bucket, name, conditions));
        req.input.body = req
            .input
            .body
            .map(|body| commit.guard(body, digests, admit));
        let put = self.files().put_object(req).await;
        put.map_err(|error| noted("PUT", &key, commit.refusal().unwrap_or(error)))
    }

    async fn delete_object(
        &self,
        req: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        let (bucket, key) = (req.input.bucket.clone(), req.input.key.clone());
        self.check_bucket(&bucket)?;
        // What cannot be here is not here: S3 says 204 to that too.
        let Ok(place) = self.place(&bucket, &key) else {
            return Ok(S3Response::new(Default::default()));
        };
        let _writing = self.lock(&bucket, &key).await;
        if place.content.is_dir() && !key.ends_with('/') {
            return Ok(S3Response::new(Default::default()));
        }
        let deleted = self.files().delete_object(req).await;
        // s3s-fs leaves its notes behind, where they would pile up.
        for note in [place.tag, place.attributes] {
            let removed = fs::remove_file(note);
            if let Err(error) = removed
                && error.kind() != io::ErrorKind::NotFound
            {
                return Err(noted("DELETE", &key, S3Error::internal_error(error)));
            }
        }
        deleted.map_err(|error| noted("DELETE", &key, error))
    }

    async fn delete_objects(
        &self,
        req: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let DeleteObjectsInput { bucket, delete, .. } = req.input;
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        for ObjectIdentifier { key, .. } in delete.objects {
            let input = DeleteObjectInput::builder()
                .bucket(bucket.clone())
                .key(key.clone())
                .build();
            let input = input.map_err(S3Error::internal_error)?;
            match self.delete_object(request(input)).await {
                Ok(_) => deleted.push(DeletedObject {
                    key: Some(key),
                    ..Default::default()
                }),
                Err(error) => errors.push(Error {
                    code: Some(error.code().as_str().to_owned()),
                    key: Some(key),
                    message: error.message().map(str::to_owned),
                    version_id: None,
                }),
            }
        }
        let deleted = (!delete.quiet.unwrap_or_default()).then_some(deleted);
        let errors = (!errors.is_empty()).then_some(errors);
        let output = DeleteObjectsOutput {
            deleted,
            errors,
            ..Default::default()
        };
        Ok(S3Response::new(output))
    }

    async fn copy_object(
        &self,
        req: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        let (bucket, key) = (req.input.bucket.clone(), req.input.key.clone());
        self.place(&bucket, &key)?;
        let _writing = self.lock(&bucket, &key).await;
        self.files()
            .copy_object(req)
            .await
            .map_err(|error| noted("COPY", &key, error))
    }

    async fn list_objects_v2(
        &self,
        req: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let mut listed = self.files().list_objects_v2(req).await?;
        let output = &mut listed.output;
        if let Some(bucket) = &output.name {
            for object in output.contents.iter_mut().flatten() {
                let Some(key) = &object.key else { continue };
                // An object that is deleted while it is listed has no tag any more.
                let opened = self.open(bucket, key, Wanted::Attributes).await.ok();
                object.e_tag = opened.and_then(|opened| opened.attributes.head.e_tag.clone());
            }
        }
        if output
            .encoding_type
            .as_ref()
            .is_some_and(|kind| kind.as_str() == EncodingType::URL)
        {
            let contents = output
                .contents
                .iter_mut()
                .flatten()
                .map(|object| &mut object.key);
            let prefixes = output
                .common_prefixes
                .iter_mut()
                .flatten()
                .map(|prefix| &mut prefix.prefix);
            let echoed = [
                &mut output.prefix,
                &mut output.delimiter,
                &mut output.start_after,
            ];
            contents
                .chain(prefixes)
                .chain(echoed)
                .flatten()
                .for_each(escape);
        }
        Ok(listed)
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        self.check_bucket(&req.input.bucket)?;
        self.place(&req.input.bucket, &req.input.key)?;
        let key = req.input.key.clone();
        self.files()
            .create_multipart_upload(req)
            .await
            .map_err(|error| noted("POST", &key, error))
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let (bucket, key) = (req.input.bucket.clone(), req.input.key.clone());
        let _writing = self.lock(&bucket, &key).await;
        self.files()
            .complete_multipart_upload(req)
            .await
            .map_err(|error| noted("POST", &key, error))
    }

    async fn upload_part(
        &self,
        req: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let key = req.input.key.clone();
        self.files()
            .upload_part(req)
            .await
            .map_err(|error| noted("PUT", &key, error))
    }

    async fn upload_part_copy(
        &self,
        req: S3Request<UploadPartCopyInput>,
    ) -> S3Result<S3Response<UploadPartCopyOutput>> {
        self.files().upload_part_copy(req).await
    }

    async fn list_parts(
        &self,
        req: S3Request<ListPartsInput>,
    ) -> S3Result<S3Response<ListPartsOutput>> {
        self.files().list_parts(req).await
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        self.files().abort_multipart_upload(req).await
    }

    async fn list_objects(
        &self,
        req: S3Request<ListObjectsInput>,
    ) -> S3Result<S3Response<ListObjectsOutput>> {
        let listed = self.list_objects_v2(req.map_input(Into::into)).await?;
        Ok(listed.map_output(|v2| ListObjectsOutput {
            contents: v2.contents,
            common_prefixes: v2.common_prefixes,
            delimiter: v2.delimiter,
            encoding_type: v2.encoding_type,
            name: v2.name,
            prefix: v2.prefix,
            max_keys: v2.max_keys,
            is_truncated: v2.is_truncated,
            next_marker: v2.next_continuation_token,
            ..Default::default()
        }))
    }

    async fn create_bucket(
        &self,
        req: S3Request<CreateBucketInput>,
    ) -> S3Result<S3Response<CreateBucketOutput>> {
        self.files().create_bucket(req).await
    }

    async fn delete_bucket(
        &self,
        req: S3Request<DeleteBucketInput>,
    ) -> S3Result<S3Response<DeleteBucketOutput>> {
        let all = ListObjectsV2Input::builder()
            .bucket(req.input.bucket.clone())
            .max_keys(Some(1));
        let all = all.build().map_err(S3Error::internal_error)?;
        let left = self.files().list_objects_v2(request(all)).await?.output;
        // s3s-fs would delete the bucket with all that is in it.
        if left.contents.is_some() {
            return Err(s3_error!(BucketNotEmpty));
        }
        self.files().delete_bucket(req).await
    }

    async fn head_bucket(
        &self,
        req: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        self.files().head_bucket(req).await
    }

    async fn get_bucket_location(
        &self,
        req: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.files().get_bucket_location(req).await
    }

    async fn list_buckets(
        &self,
        req: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        self.files().list_buckets(req).await
    }
}
