"""The page in a real browser: nothing is missing, nothing runs over, nothing complains."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from discoveries import contents_of
from scorecards import scorecard_of
from seqinterp.report.discovery import discovery_page
from seqinterp.report.page import render
from seqinterp.report.scorecard import scorecard_page
from seqinterp.report.scorecard_contents import AgreedSequence

webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
SCORECARDS = ("scorecard", "scorecard, long names")
pytestmark = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="needs Chromium and chromedriver on the path (apt-get install chromium-driver)"
)
QUIET = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for argument in (*QUIET, f"--user-data-dir={tmp_path_factory.mktemp('browser')}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def pages(tmp_path_factory, contents, bare, long_names) -> dict[str, Path]:
    """Reports as files: a full one, one of empty sections, one of words wider than a page; discoveries, scorecards."""
    folder = tmp_path_factory.mktemp("pages")
    texts = {name: render(shown) for name, shown in (("full", contents), ("bare", bare), ("long names", long_names))}
    texts["discovery"] = discovery_page(contents_of(12))
    texts["discovery, long names"] = discovery_page(long_discovery())
    texts["scorecard"] = scorecard_page(scorecard_of(9))
    texts["scorecard, long names"] = scorecard_page(long_scorecard())
    paths = {name: folder / f"{name}.html" for name in texts}
    for name, path in paths.items():
        path.write_text(texts[name], encoding="utf-8")
    return paths


def long_discovery():
    """A discovery with names and words much longer than a page is wide, and with filters."""
    word = "chr22_" + "x" * 300
    found = contents_of(3)
    match = found.motifs[0].match
    motifs = (replace(found.motifs[0], match=replace(match, label=word, also=(word,)), note=word), *found.motifs[1:])
    filters = (replace(found.motifs[0], name=word, match=None), replace(found.motifs[1], name=word + "y", match=None))
    return replace(found, title=word, run_id=word, command=word, database=word, motifs=motifs, filters=filters)


def long_scorecard():
    """A scorecard with names and reasons much longer than a page is wide."""
    word = "x" * 300
    found = scorecard_of(2)
    verdicts = (found.verdicts[0], replace(found.verdicts[1], decision="do not use", reasons=(word,)))
    rows = (AgreedSequence(word, "ACGT" * 80, "X..." * 80, 1.0),)
    model = replace(found.model, reasons=(word,))
    words = {"title": word, "run_id": word, "command": word, "refused": {word: word}, "data": {word: word}}
    return replace(found, model=model, verdicts=verdicts, consensus=rows, members=word, **words)


@pytest.fixture(scope="module")
def open_page(browser, pages):
    """Open a report at a width, wait for its images and give the browser."""

    def opened(name: str, width: int = 1280):
        browser.set_window_size(width, 1000)
        browser.get_log("browser")
        browser.get(pages[name].as_uri())
        browser.execute_async_script(
            "const decoded = [...document.images].map(i => i.decode().catch(() => 0));"
            "Promise.all(decoded).then(arguments[0])"
        )
        return browser

    return opened


@pytest.fixture(scope="module")
def long_names(contents):
    """The same report with names and words much longer than a page is wide."""
    word = "chr22_" + "x" * 300
    row = contents.filters[0]
    return replace(
        contents,
        title=word,
        run_id=word,
        command=word,
        notes=(word,),
        data={word: word},
        filters=(replace(row, match_name=word, started_from=word),),
        top_sequences=tuple(replace(sequence, name=word) for sequence in contents.top_sequences),
        designs=tuple(replace(design, name=word) for design in contents.designs),
        mutagenesis=(replace(contents.mutagenesis[0], name=word),),
        truth=(replace(contents.truth[0], method=word),),
    )


@pytest.mark.parametrize("width", [1280, 800])
@pytest.mark.parametrize("name", ["full", "bare", "long names", "discovery", "discovery, long names", *SCORECARDS])
def test_the_page_is_whole(open_page, name, width):
    browser = open_page(name, width)
    assert browser.get_log("browser") == []
    sizes = browser.execute_script("return [...document.images].map(i => [i.naturalWidth, i.clientWidth, i.alt])")
    assert len(sizes) >= 3
    for natural, shown, alt in sizes:
        assert natural > 0, alt
        assert shown > 100, alt
    seen, needed = browser.execute_script("const d = document.documentElement; return [innerWidth, d.scrollWidth]")
    assert seen == width
    outside = browser.execute_script(
        "return [...document.querySelectorAll('body *')].filter(e => !e.closest('.hidden, thead, .scroll')"
        " && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"
    )
    assert outside == []
    assert needed <= width


def test_no_two_blocks_lie_over_each_other(open_page):
    browser = open_page("full")
    overlaps = browser.execute_script("""
        const blocks = [...document.querySelectorAll('section > *, .card > *, .strips > li, .tiles > div')];
        const boxes = blocks.map(b => [b, b.getBoundingClientRect()]).filter(([b, r]) => r.height > 1 && r.width > 1);
        return boxes.flatMap(([a, r]) => boxes.filter(([b, s]) => a !== b && !a.contains(b) && !b.contains(a)
            && r.left < s.right - 1 && s.left < r.right - 1 && r.top < s.bottom - 1 && s.top < r.bottom - 1)
            .map(([b]) => a.className + '|' + b.className));
    """)
    assert overlaps == []


def test_every_link_of_the_contents_bar_leads_somewhere(open_page):
    browser = open_page("full")
    for link in browser.find_elements("css selector", "nav a"):
        target = link.get_attribute("href").split("#")[1]
        link.click()
        assert browser.execute_script("return location.hash") == f"#{target}"
        assert browser.find_element("id", target).is_displayed()


def test_a_start_sequence_opens_without_a_script(open_page, contents):
    browser = open_page("full")
    details = browser.find_element("css selector", "details")
    before = details.size["height"]
    details.find_element("css selector", "summary").click()
    assert details.size["height"] > before
    assert contents.designs[0].start in details.text.replace("\n", "")


@pytest.mark.parametrize("name", ["full", "scorecard"])
def test_text_can_be_read_against_its_background(open_page, name):
    """WCAG 2 asks for a contrast of 4.5; the darkest shade of a base is the hardest case."""
    browser = open_page(name)
    worst = browser.execute_script("""
        const linear = v => v / 255 <= .04045 ? v / 255 / 12.92 : ((v / 255 + .055) / 1.055) ** 2.4;
        const lum = ([r, g, b]) => .2126 * linear(r) + .7152 * linear(g) + .0722 * linear(b);
        const parse = s => s.match(/[\\d.]+/g).map(Number);
        const over = (under, [r, g, b, a = 1]) => [r, g, b].map((v, i) => v * a + under[i] * (1 - a));
        const back = e => {
            const stack = [];
            for (; e; e = e.parentElement) stack.push(parse(getComputedStyle(e).backgroundColor));
            return stack.reverse().reduce(over, [255, 255, 255]);
        };
        let worst = [99, ''];
        for (const e of document.querySelectorAll('body *')) {
            if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
            const [l, m] = [lum(parse(getComputedStyle(e).color).slice(0, 3)), lum(back(e))];
            const ratio = (Math.max(l, m) + .05) / (Math.min(l, m) + .05);
            if (ratio < worst[0]) worst = [ratio, e.outerHTML.slice(0, 80)];
        }
        return worst;
    """)
    assert worst[0] >= 4.5, worst
