//! The pages that refgate writes, as a browser shows them: nothing is asked of any network, nothing is cut off, and
//! everybody can read them, by day, by night, on a telephone, on paper and by keyboard.

use std::path::Path;

use serde_json::json;

use crate::browser::Browser;
use crate::ledger_report::Scene;
use crate::replay::Past;
use crate::servers::left_out;

/// Everything that people must be able to do with a page.
fn all_can_read(page: &Path, name: &str) {
    let mut browser = Browser::start();
    for (look, width, dark) in [("light", 1280, false), ("dark", 1280, true), ("narrow", 390, false)] {
        browser.open(page, width, dark);
        fits(&mut browser, width);
        contrasts(&mut browser, look);
        browser.is_quiet();
        browser.picture(&format!("{name}-{look}.png"));
    }
    can_be_walked_by_keyboard(&mut browser, page);
    is_understood_by_a_screen_reader(&mut browser);
    fits_on_paper(&mut browser);
}

/// The page is as wide as the window, and so is all that is in it.
fn fits(browser: &mut Browser, width: u32) {
    let wide = browser.ask("[document.documentElement.scrollWidth, document.body.scrollWidth]");
    assert_eq!(wide, json!([width, width]));
    let outside = browser.ask(
        "[...document.querySelectorAll('body *')].filter(one => { const box = one.getBoundingClientRect();
            const hidden = box.width <= 1 || one.closest('.skip, thead, svg');
            return !hidden && (box.right > innerWidth + 1 || box.left < -1); }).map(one => one.outerHTML.slice(0, 200))",
    );
    assert_eq!(outside, json!([]));
    let shown = browser.ask("getComputedStyle(document.querySelector('h1')).fontSize");
    assert_eq!(shown, "28px", "the page's own style is in force");
    // What opens stays inside as well.
    browser.ask("document.querySelectorAll('details').forEach(one => one.open = true)");
    assert_eq!(browser.ask("document.documentElement.scrollWidth"), width);
    browser.ask("document.querySelectorAll('details').forEach(one => one.open = false)");
}

/// WCAG 2.2, 1.4.3 and 1.4.11: text of 4.5 to 1, what is drawn of 3 to 1.
fn contrasts(browser: &mut Browser, look: &str) {
    let weak = browser.ask(
        "(() => {
            const light = color => { const parts = color.match(/[\\d.]+/g).slice(0, 3).map(part => {
                const value = part / 255; return value <= .04045 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4; });
                return .2126 * parts[0] + .7152 * parts[1] + .0722 * parts[2]; };
            const ratio = (one, other) => { const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
                return (high + .05) / (low + .05); };
            const behind = one => { for (let at = one; at; at = at.parentElement) {
                const color = getComputedStyle(at).backgroundColor;
                if (color !== 'rgba(0, 0, 0, 0)') return color; } return 'rgb(255, 255, 255)'; };
            const weak = new Set();
            const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            let texts = 0;
            while (walk.nextNode()) {
                const text = walk.currentNode, one = text.parentElement;
                if (!text.data.trim() || one.closest('title')) continue;
                texts++;
                const style = getComputedStyle(one);
                const color = one.closest('svg') ? style.fill : style.color;
                if (ratio(color, behind(one)) < 4.5) weak.add(`${one.tagName}.${one.className}: ${color} on ${behind(one)}`);
            }
            for (const rect of document.querySelectorAll('rect')) {
                const color = getComputedStyle(rect).fill, card = rect.closest('section') ?? document.body;
                if (ratio(color, behind(card)) < 3) weak.add(`${rect.className.baseVal}: ${color} on ${behind(card)}`);
            }
            if (texts < 50) weak.add(`only ${texts} texts`);
            return [...weak];
        })()",
    );
    assert_eq!(weak, json!([]), "{look}");
    let paper = browser.ask("getComputedStyle(document.body).backgroundColor");
    let is_dark = ["rgb(20, 23, 28)"].contains(&paper.as_str().unwrap());
    assert_eq!(is_dark, look == "dark", "{paper}");
}

fn can_be_walked_by_keyboard(browser: &mut Browser, page: &Path) {
    browser.open(page, 1280, false);
    browser.press("Tab", 9, "");
    let skip = "document.activeElement.className + ' ' + (document.activeElement.getBoundingClientRect().left >= 0)";
    assert_eq!(browser.ask(skip), "skip true", "the first stop is the way to the content, and shows");
    browser.press("Enter", 13, "\r");
    assert_eq!(browser.ask("location.hash + ' ' + document.activeElement.id"), "#main main");
    let mut stops = 0;
    while browser.ask("document.activeElement.tagName") != "SUMMARY" {
        browser.press("Tab", 9, "");
        stops += 1;
        assert!(stops < 50, "no summary can be reached");
    }
    let outline = browser.ask("getComputedStyle(document.activeElement).outlineStyle");
    assert_eq!(outline, "solid", "where one stands shows");
    browser.press("Enter", 13, "\r");
    assert_eq!(browser.ask("document.activeElement.parentElement.open"), true);
}

fn is_understood_by_a_screen_reader(browser: &mut Browser) {
    for width in [1280, 390] {
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        browser.call("Emulation.setDeviceMetricsOverride", size);
        let tree = browser.call("Accessibility.getFullAXTree", json!({}));
        let nodes: Vec<_> = tree["nodes"].as_array().unwrap().iter().filter(|node| node["ignored"] == false).collect();
        let named = |role: &str| -> Vec<&str> {
            let such = nodes.iter().filter(|node| node["role"]["value"] == role);
            such.map(|node| node["name"]["value"].as_str().unwrap_or_default()).collect()
        };
        for landmark in ["banner", "navigation", "main", "contentinfo"] {
            assert_eq!(named(landmark).len(), 1, "{landmark} at {width}");
        }
        assert!(named("region").len() > 1 && named("region").iter().all(|name| !name.is_empty()));
        let charts: Vec<_> = named("image").into_iter().chain(named("img")).collect();
        assert!(!charts.is_empty() && charts.iter().all(|name| name.contains("over time")), "{charts:?}");
        let (tables, heads) = (named("table"), named("columnheader"));
        assert!(!tables.is_empty() && tables.iter().all(|name| !name.is_empty()), "{tables:?}");
        assert!(heads.len() > tables.len() && !named("rowheader").is_empty() && !named("cell").is_empty(), "{width}");
    }
    let levels = browser.ask("[...document.querySelectorAll('h1, h2, h3')].map(one => +one.tagName[1])");
    let levels: Vec<_> = levels.as_array().unwrap().iter().map(|level| level.as_u64().unwrap()).collect();
    assert!(levels[0] == 1 && levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
}

fn fits_on_paper(browser: &mut Browser) {
    browser.look("print", true);
    let paper = browser.ask(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector('nav')).display]",
    );
    assert_eq!(paper, json!(["rgb(255, 255, 255)", "none"]));
    let pdf = browser.call("Page.printToPDF", json!({ "paperWidth": 8.27, "paperHeight": 11.69 }));
    assert!(pdf["data"].as_str().unwrap().len() > 10_000);
}

#[test]
fn the_page_of_a_ledger_can_be_read_by_all() {
    if left_out(&["chromium"]) {
        return;
    }
    let scene = Scene::filled();
    let _ = scene.report(&[]);
    all_can_read(&scene.page(), "ledger-report");
}

#[test]
fn the_page_of_a_replay_can_be_read_by_all() {
    if left_out(&["chromium"]) {
        return;
    }
    let past = Past::long();
    let (_, said) = past.run(&["replay", "main", "--format", "html"]);
    let page = past.folder().join("replay.html");
    fs_err::write(&page, said.stdout).unwrap();
    all_can_read(&page, "replay");
}

#[test]
fn the_most_hostile_words_stay_words_in_a_browser() {
    if left_out(&["chromium"]) {
        return;
    }
    let scene = Scene::hostile();
    let _ = scene.report(&[]);
    let mut browser = Browser::start();
    for width in [1280, 390] {
        browser.open(&scene.page(), width, false);
        fits(&mut browser, width);
        let foreign =
            "document.querySelectorAll('script, img, iframe, object, link, style:not(head style), bdi *').length";
        assert_eq!(browser.ask(foreign), 0);
        let loaded = "[...document.querySelectorAll('*')].flatMap(one => one.getAttributeNames())
            .filter(name => name.startsWith('on') || ['src', 'style', 'srcset'].includes(name))";
        assert_eq!(browser.ask(loaded), json!([]));
        assert_eq!(browser.ask("[...document.links].every(one => one.getAttribute('href').startsWith('#'))"), true);
        assert!(browser.ask("document.body.innerText").as_str().unwrap().contains("<script>alert(1)</script>"));
        browser.is_quiet();
    }
}
