//! The catalogue in a real browser: what it looks like on a phone and on a desk, and that its search finds.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr, clippy::disallowed_methods, reason = "tests")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::repository;

/// The browser of this machine; none, said aloud, where there is none and no gate asks for one.
fn browser() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name))).find(|file| file.is_file());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "chromium is missing");
        support::skip("the pages in a browser, because chromium is missing");
    }
    found
}

struct Site {
    browser: PathBuf,
    folder: tempfile::TempDir,
}

impl Site {
    fn new() -> Option<Self> {
        let browser = browser()?;
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("site");
        let policies = repository("policies");
        let polc = Command::new(env!("CARGO_BIN_EXE_polc")).arg("docs").arg(policies).arg("--out").arg(&out).output().unwrap();
        assert!(polc.status.success(), "{}", String::from_utf8_lossy(&polc.stderr));
        Some(Site { browser, folder })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the browser on a page of the folder and gives what it prints.
    fn run(&self, page: &str, arguments: &[&str]) -> String {
        let ended = Command::new(&self.browser)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--disable-quic",
                "--hide-scrollbars",
                "--allow-file-access-from-files",
            ])
            .arg(format!("--user-data-dir={}", self.path("profile").display()))
            .args(arguments)
            .arg(format!("file://{}", self.path(page).display()))
            .output()
            .unwrap();
        assert!(ended.status.success(), "{page}: {}", String::from_utf8_lossy(&ended.stderr));
        String::from_utf8(ended.stdout).unwrap()
    }

    fn dom(&self, page: &str) -> String {
        self.run(page, &["--virtual-time-budget=60000", "--dump-dom"])
    }

    /// A picture of a page: its width, its height and its bytes.
    fn picture(&self, page: &str, width: u32, height: u32) -> (u32, u32, Vec<u8>) {
        let file = self.path("picture.png");
        let _ = fs::remove_file(&file);
        let (size, to) = (format!("--window-size={width},{height}"), format!("--screenshot={}", file.display()));
        // Not before everything is drawn, however busy the machine is.
        self.run(page, &[&size, &to, "--virtual-time-budget=60000", "--run-all-compositor-stages-before-draw"]);
        let bytes = fs::read(&file).unwrap();
        assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n"), "{page}: no picture");
        let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        (number(16), number(20), bytes)
    }
}

fn pages(site: &Path) -> Vec<String> {
    let mut pages: Vec<String> = walkdir::WalkDir::new(site)
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "html"))
        .map(|path| path.strip_prefix(site).unwrap().display().to_string())
        .collect();
    pages.sort();
    pages
}

#[test]
fn no_page_is_wider_than_a_phone_and_the_text_is_large_enough() {
    let Some(site) = Site::new() else { return };
    let all = pages(&site.path("site"));
    assert!(all.len() > 200);
    // Every page that lists, and every sixth item.
    let mut chosen: Vec<&String> = all.iter().filter(|page| !page.starts_with("items/")).collect();
    chosen.extend(all.iter().filter(|page| page.starts_with("items/")).step_by(6));
    let probe = format!(
        "<!DOCTYPE html><meta charset=\"utf-8\"><pre id=\"measured\"></pre><script>\nconst pages = {};\n{}</script>",
        serde_json::to_string(&chosen).unwrap(),
        r#"
const measured = document.getElementById("measured");
(async () => {
    for (const page of pages) {
        const frame = document.createElement("iframe");
        frame.style.cssText = "width:390px;height:844px;border:0";
        await new Promise((resolve) => { frame.onload = resolve; frame.src = "site/" + page; document.body.append(frame); });
        const inner = frame.contentDocument;
        const style = (of) => parseFloat(frame.contentWindow.getComputedStyle(of).fontSize);
        const chinese = [...inner.querySelectorAll("[lang=zh]")].filter((of) => of.getBoundingClientRect().width > 0);
        measured.append([page, inner.documentElement.scrollWidth, style(inner.body), chinese.length, inner.querySelector("h1").getBoundingClientRect().height > 0].join("\t") + "\n");
        frame.remove();
    }
    measured.append("end\n");
})();
"#
    );
    fs::write(site.path("probe.html"), probe).unwrap();
    let dom = site.dom("probe.html");
    let measured = dom.split("<pre id=\"measured\">").nth(1).unwrap().split("</pre>").next().unwrap();
    let rows: Vec<Vec<&str>> = measured.lines().filter(|line| *line != "end").map(|line| line.split('\t').collect()).collect();
    assert!(measured.ends_with("end\n") && rows.len() == chosen.len(), "{} of {} pages were measured", rows.len(), chosen.len());
    for row in rows {
        let [page, width, font, chinese, title] = row[..] else { panic!("{row:?}") };
        assert!(width.parse::<u32>().unwrap() <= 390, "{page} is {width} pixels wide on a screen of 390");
        assert!(font.parse::<f64>().unwrap() >= 15.0, "{page}: the text has {font} pixels");
        assert!(chinese.parse::<u32>().unwrap() > 0, "{page} shows no Chinese term");
        assert_eq!(title, "true", "{page} shows no title");
    }
}

#[test]
fn the_search_finds_in_both_languages() {
    let Some(site) = Site::new() else { return };
    let hits = |asked: &str| {
        let page = format!("site/index.html#{asked}");
        let dom = site.dom(&page);
        let list = dom.split("<ul id=\"found\"").nth(1).unwrap().split("</ul>").next().unwrap().to_owned();
        let hidden = list.split('>').next().unwrap().contains("hidden");
        let links: Vec<String> = list.split("href=\"items/").skip(1).map(|rest| rest.split(".html").next().unwrap().to_owned()).collect();
        (hidden, links)
    };
    let (hidden, found) = hits("%E6%8E%A2%E9%92%88");
    assert!(!hidden && found.contains(&"probes/liveness-required".to_owned()), "{found:?}");
    let (hidden, found) = hits("cis-5.2.2%20privileged");
    assert!(!hidden && found == ["pod-security-baseline/privileged"], "{found:?}");
    assert_eq!(hits("no-such-word"), (false, Vec::new()));
    assert_eq!(hits(""), (true, Vec::new()));
}

#[test]
fn pages_have_a_picture_that_the_style_sheet_makes() {
    let Some(site) = Site::new() else { return };
    fs::write(site.path("blank.html"), "<!DOCTYPE html><title>blank</title>").unwrap();
    for (width, height) in [(390, 844), (1280, 900)] {
        let (_, _, blank) = site.picture("blank.html", width, height);
        for page in ["site/index.html", "site/rows.html", "site/items/pod-security-baseline/privileged.html"] {
            let (wide, high, picture) = site.picture(page, width, height);
            assert_eq!((wide, high), (width, height), "{page}");
            assert!(picture.len() > 4 * blank.len(), "{page} is hardly more than a blank page: {} bytes", picture.len());
            assert_eq!(site.picture(page, width, height).2, picture, "{page} looks otherwise each time");
            let style = site.path("site/style.css");
            let text = fs::read(&style).unwrap();
            fs::write(&style, "").unwrap();
            assert_ne!(site.picture(page, width, height).2, picture, "{page} looks the same without its style sheet");
            fs::write(&style, text).unwrap();
        }
    }
}
