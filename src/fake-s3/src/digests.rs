//! The sums a client sends along with an object, checked before the object is kept.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use s3s::{
    S3Error, S3Result, TrailingHeaders,
    checksum::ChecksumHasher,
    crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256},
    dto::{Checksum, ChecksumAlgorithm, PutObjectInput},
    s3_error,
};

/// Sums in the making. s3s-fs compares them only when the old object is gone.
pub(crate) struct Digests {
    expected_md5: Option<String>,
    md5: Md5,
    expected: Checksum,
    sums: ChecksumHasher,
    trailers: Option<TrailingHeaders>,
}

impl Digests {
    /// The sums that `input` names, and those that come after its body.
    pub(crate) fn of(input: &PutObjectInput, trailers: Option<&TrailingHeaders>) -> Self {
        let announced = input
            .checksum_algorithm
            .as_ref()
            .map(ChecksumAlgorithm::as_str);
        let wanted = |name, sum: &Option<String>| sum.is_some() || announced == Some(name);
        let expected = Checksum {
            checksum_crc32: input.checksum_crc32.clone(),
            checksum_crc32c: input.checksum_crc32c.clone(),
            checksum_sha1: input.checksum_sha1.clone(),
            checksum_sha256: input.checksum_sha256.clone(),
            checksum_crc64nvme: input.checksum_crc64nvme.clone(),
            checksum_type: None,
        };
        let sums = ChecksumHasher {
            crc32: wanted(ChecksumAlgorithm::CRC32, &expected.checksum_crc32).then(Crc32::new),
            crc32c: wanted(ChecksumAlgorithm::CRC32C, &expected.checksum_crc32c).then(Crc32c::new),
            sha1: wanted(ChecksumAlgorithm::SHA1, &expected.checksum_sha1).then(Sha1::new),
            sha256: wanted(ChecksumAlgorithm::SHA256, &expected.checksum_sha256).then(Sha256::new),
            crc64nvme: wanted(ChecksumAlgorithm::CRC64NVME, &expected.checksum_crc64nvme)
                .then(Crc64Nvme::new),
        };
        let expected_md5 = input.content_md5.clone();
        Self {
            expected_md5,
            md5: Md5::new(),
            expected,
            sums,
            trailers: trailers.cloned(),
        }
    }

    /// Takes in the next bytes of the body.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        if self.expected_md5.is_some() {
            self.md5.update(bytes);
        }
        self.sums.update(bytes);
    }

    /// Compares the sums with what the client said.
    ///
    /// # Errors
    /// `BadDigest` when one of them differs.
    pub(crate) fn check(mut self) -> S3Result<()> {
        if let Some(expected) = self.expected_md5
            && expected != BASE64_STANDARD.encode(self.md5.finalize())
        {
            return Err(bad_digest("Content-MD5"));
        }
        if let Some(trailers) = self.trailers.take() {
            read_trailers(&trailers, &mut self.expected);
        }
        if self.sums.finalize() == self.expected {
            Ok(())
        } else {
            Err(bad_digest("x-amz-checksum"))
        }
    }
}

fn read_trailers(trailers: &TrailingHeaders, expected: &mut Checksum) {
    trailers.read(|headers| {
        let sums = [
            ("x-amz-checksum-crc32", &mut expected.checksum_crc32),
            ("x-amz-checksum-crc32c", &mut expected.checksum_crc32c),
            ("x-amz-checksum-sha1", &mut expected.checksum_sha1),
            ("x-amz-checksum-sha256", &mut expected.checksum_sha256),
            ("x-amz-checksum-crc64nvme", &mut expected.checksum_crc64nvme),
        ];
        for (name, sum) in sums {
            if let Some(Ok(value)) = headers.get(name).map(|value| value.to_str()) {
                *sum = Some(value.to_owned());
            }
        }
    });
}

fn bad_digest(name: &str) -> S3Error {
    s3_error!(
        BadDigest,
        "the object does not have the {name} that was sent with it"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &PutObjectInput) -> bool {
        let mut digests = Digests::of(input, None);
        digests.update(b"12345");
        digests.update(b"6789");
        digests.check().is_ok()
    }

    fn put() -> PutObjectInput {
        PutObjectInput::builder()
            .bucket("b".to_owned())
            .key("k".to_owned())
            .build()
            .unwrap()
    }

    #[test]
    fn sums_of_the_catalogue_of_check_values_hold() {
        // CRC-32/ISO-HDLC of "123456789" is cbf43926 (reveng catalogue); MD5 by md5sum.
        let crc32 = BASE64_STANDARD.encode([0xcb, 0xf4, 0x39, 0x26]);
        assert!(check(&PutObjectInput {
            checksum_crc32: Some(crc32.clone()),
            ..put()
        }));
        assert!(!check(&PutObjectInput {
            checksum_sha1: Some(crc32),
            ..put()
        }));
        let md5 = "JfnnlDI7RTiF9RgfG2JNCw==".to_owned(); // printf 123456789 | md5sum
        assert!(check(&PutObjectInput {
            content_md5: Some(md5),
            ..put()
        }));
        let other = "1B2M2Y8AsgTpgAmY7PhCfg==".to_owned(); // of nothing
        assert!(!check(&PutObjectInput {
            content_md5: Some(other),
            ..put()
        }));
        assert!(check(&put()));
    }
}
