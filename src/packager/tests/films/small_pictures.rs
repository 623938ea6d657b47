//! Poster and thumbnails.

use reelgate_packager::Wishes;

use crate::{
    encodes::ENCODES,
    outside,
    shelf::{Shelf, WISHES},
};

#[tokio::test]
async fn a_film_has_a_poster_and_thumbnails_of_its_own_pictures() {
    let shelf = Shelf::new().await;
    let film = ENCODES.iter().find(|encode| encode.kind.contains("5.1"));
    let film = film.unwrap().make(&shelf.films());
    let wishes = Wishes {
        thumbnails: true,
        ..WISHES
    };
    let packaged = shelf.package(&film, wishes).await.unwrap();
    assert_eq!(packaged.warnings, Vec::<String>::new());
    assert_eq!(outside::size(&shelf.file("poster.jpg")), "320,180");
    let sheet = shelf.file(&format!("{}/thumbs_000.jpg", packaged.edition));
    assert_eq!(outside::size(&sheet), "1600,900");
    let track = shelf.text("thumbnails.vtt");
    let cues: Vec<&str> = track.split("\n\n").skip(1).collect();
    assert_eq!(cues.len(), 6);
    let cue = format!(
        "00:00:04.000 --> 00:00:06.000\n{}/thumbs_000.jpg#xywh=320,0,160,90",
        packaged.edition
    );
    assert_eq!(cues[2], cue);
    // The thumbnail of a second is what the film shows then: alike but for what JPEG loses.
    let likeness = likeness(&film, 4.0, &sheet, "crop=160:90:320:0");
    assert!(likeness > 25.0, "{likeness} dB");
    let other = self::likeness(&film, 9.0, &sheet, "crop=160:90:320:0");
    assert!(other < likeness - 3.0, "{other} dB and {likeness} dB");
}

#[tokio::test]
async fn thumbnails_can_be_declined_and_then_none_stay() {
    let shelf = Shelf::new().await;
    let film = ENCODES
        .iter()
        .find(|encode| encode.kind.contains("no sound"));
    let film = film.unwrap().make(&shelf.films());
    let wishes = Wishes {
        thumbnails: true,
        ..WISHES
    };
    shelf.package(&film, wishes).await.unwrap();
    shelf.package(&film, WISHES).await.unwrap();
    let names: Vec<String> = shelf.objects().into_iter().map(|object| object.0).collect();
    assert!(
        !names
            .iter()
            .any(|name| name.ends_with(".vtt") || name.contains("thumbs_")),
        "{names:?}"
    );
}

#[tokio::test]
async fn a_film_whose_thumbnails_fail_is_packaged_with_a_warning() {
    let shelf = Shelf::new().await;
    let whole = ENCODES
        .iter()
        .find(|encode| encode.kind.contains("no sound"));
    let whole = whole.unwrap().make(&shelf.films());
    let film = shelf.films().join("damaged.mov");
    let made = std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(&whole)
        .args(["-c", "copy", "-bsf:v", "noise=amount=50"])
        .arg(&film)
        .status();
    assert!(made.unwrap().success());
    let wishes = Wishes {
        thumbnails: true,
        ..WISHES
    };
    let packaged = shelf.package(&film, wishes).await.unwrap();
    let [warning] = packaged.warnings.as_slice() else {
        panic!("{:?}", packaged.warnings);
    };
    assert!(
        warning.starts_with("there are no thumbnails: "),
        "{warning}"
    );
    assert!(shelf.file("master.m3u8").is_file() && !shelf.file("poster.jpg").exists());
}

/// Peak signal to noise of a part of `sheet` beside the film's picture at `seconds`, in dB.
fn likeness(film: &std::path::Path, seconds: f64, sheet: &std::path::Path, crop: &str) -> f64 {
    let graph = format!(
        "[0:v]scale=160:90,format=yuv420p[film];[1:v]{crop},scale=out_range=tv,format=yuv420p[sheet];\
         [film][sheet]psnr"
    );
    let outcome = std::process::Command::new("ffmpeg")
        .args(["-v", "info", "-nostdin", "-ss", &seconds.to_string(), "-i"])
        .arg(film)
        .arg("-i")
        .arg(sheet)
        .args([
            "-filter_complex",
            &graph,
            "-frames:v",
            "1",
            "-f",
            "null",
            "-",
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
    let average = said
        .split("average:")
        .nth(1)
        .and_then(|rest| rest.split(' ').next());
    average.unwrap_or_else(|| panic!("{said}")).parse().unwrap()
}
