//! A bucket whose objects are files in a folder, so that players without S3 can play them.

use std::path::{Path, PathBuf};

use reelgate_core::key::GameId;
use reelgate_fake_s3::{Config, Running, start};
use reelgate_hls_check::{self as check, Place};
use reelgate_packager::{
    About, BucketConfig, Error, Ladder, Options, Outcome, Packaged, Progress, Scratch, Source,
    Terms, Wishes, run,
};
use tempfile::TempDir;

/// As the command line has them by default, but for the thumbnails.
pub(crate) const WISHES: Wishes = Wishes {
    segment_seconds: 6.0,
    encode: false,
    strict: false,
    ladder: Ladder::Single,
    thumbnails: false,
    copy_only: false,
};

const BUCKET: &str = "films";

/// A running S3 server and its folder.
pub(crate) struct Shelf {
    folder: TempDir,
    config: BucketConfig,
    _server: Running,
}

impl Shelf {
    /// An empty one; it serves as long as the test's runtime runs.
    pub(crate) async fn new() -> Self {
        // As the command does; every test but the first finds it done.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let server = start(Config {
            listen: "127.0.0.1:0".to_owned(),
            data: folder.path().to_owned(),
            access_key_id: "id".to_owned(),
            secret_access_key: "secret".to_owned(),
            bucket: BUCKET.to_owned(),
        })
        .await
        .unwrap();
        let config = BucketConfig {
            endpoint: server.endpoint(),
            bucket: BUCKET.to_owned(),
            region: "auto".to_owned(),
            access_key_id: "id".to_owned(),
            secret_access_key: "secret".to_owned(),
            session_token: None,
        };
        Self {
            folder,
            config,
            _server: server,
        }
    }

    /// Where films can be made.
    pub(crate) fn films(&self) -> PathBuf {
        let films = self.folder.path().join("sources");
        std::fs::create_dir_all(&films).unwrap();
        films
    }

    /// Packages a film as the game `7`.
    pub(crate) async fn package(&self, source: &Path, wishes: Wishes) -> Result<Packaged, Error> {
        packaged(self.run(source, wishes, &About::default()).await?)
    }

    /// Packages a film as the game `7`, with what belongs to it.
    pub(crate) async fn run(
        &self,
        source: &Path,
        wishes: Wishes,
        about: &About,
    ) -> Result<Outcome, Error> {
        self.run_on(source, wishes, about, Terms::default()).await
    }

    async fn run_on(
        &self,
        source: &Path,
        wishes: Wishes,
        about: &About,
        terms: Terms,
    ) -> Result<Outcome, Error> {
        let options = Options {
            source: &Source::File(source.to_owned()),
            game: GameId::new("7").unwrap(),
            bucket: &self.config,
            wishes,
            about,
            terms,
            scratch: None,
        };
        run(&options, &Progress::quiet()).await
    }

    /// Packages the object `key` as the game `7`.
    pub(crate) async fn package_object(&self, key: &str, wishes: Wishes) -> Packaged {
        let scratch = Scratch::open(&self.films(), 1 << 30).unwrap();
        let options = Options {
            source: &Source::Object {
                bucket: BUCKET.to_owned(),
                key: key.to_owned(),
            },
            game: GameId::new("7").unwrap(),
            bucket: &self.config,
            wishes,
            about: &About::default(),
            terms: Terms::default(),
            scratch: Some(&scratch),
        };
        packaged(run(&options, &Progress::quiet()).await.unwrap()).unwrap()
    }

    /// Puts the files of `folder` into the bucket, under `originals/`.
    pub(crate) fn put_originals(&self, folder: &Path) {
        let originals = self.folder.path().join(BUCKET).join("originals");
        std::fs::create_dir_all(&originals).unwrap();
        for file in std::fs::read_dir(folder).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), originals.join(file.file_name())).unwrap();
        }
    }

    /// The bucket.
    pub(crate) fn config(&self) -> &BucketConfig {
        &self.config
    }

    /// The same with what can be read of a damaged one.
    pub(crate) async fn salvage(&self, source: &Path, wishes: Wishes) -> Result<Packaged, Error> {
        let terms = Terms {
            salvage: true,
            ..Terms::default()
        };
        packaged(
            self.run_on(source, wishes, &About::default(), terms)
                .await?,
        )
    }

    /// Has a presentation judged; gives the rules of which a MUST is not kept, and why.
    pub(crate) async fn broken_rules(&self, master: &str) -> Vec<String> {
        let place = Place::File(self.file(master));
        let report = check::check(place, check::Depth::Full).await.unwrap();
        let broken = report.rules.iter();
        let broken = broken.filter(|rule| rule.outcome == check::Outcome::Fail);
        broken
            .map(|rule| format!("{} {:?}", rule.rule, rule.findings))
            .collect()
    }

    /// The file that holds the object `games/7/{name}`.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(BUCKET).join("games/7").join(name)
    }

    /// The text of the object `games/7/{name}`.
    pub(crate) fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap()
    }

    /// The names of all objects of the game, sorted, and what is in them.
    pub(crate) fn objects(&self) -> Vec<(String, Vec<u8>)> {
        let game = self.file("");
        let mut folders = vec![game.clone()];
        let mut objects = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let name = path
                    .strip_prefix(&game)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                objects.push((name, std::fs::read(&path).unwrap()));
            }
        }
        objects.sort();
        objects
    }
}

fn packaged(outcome: Outcome) -> Result<Packaged, Error> {
    match outcome {
        Outcome::Packaged(packaged) => Ok(*packaged),
        other => panic!("it had been packaged: {other:?}"),
    }
}
