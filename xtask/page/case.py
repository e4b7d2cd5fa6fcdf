"""What every test of the page begins with and ends with."""

import json
import unittest

from browser import Browser, Page
from mock import Mock, World

# What the page shows of its fleet: by word, how many cells have the legend's colour where no mark or letter covers it.
PIXELS = """(() => {
  const { columns, width, height, painted } = document.querySelector('#grid').dataset;
  const canvas = document.querySelector('#grid');
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const pixels = new Uint32Array(copy.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
  const counts = {};
  for (let index = 0; index < Number(painted); index += 1) {
    const [x, y] = [index % columns * width, Math.floor(index / columns) * height];
    const pixel = pixels[y * canvas.width + x];
    counts[pixel] = (counts[pixel] ?? 0) + 1;
  }
  const told = {};
  for (const button of document.querySelectorAll('#legend button')) {
    copy.drawImage(button.querySelector('canvas'), 0, 0);
    told[button.dataset.word] = counts[new Uint32Array(copy.getImageData(0, 0, 1, 1).data.buffer)[0]] ?? 0;
  }
  return told;
})()"""
# What the legend says, by word.
LEGEND = """Object.fromEntries([...document.querySelectorAll('#legend button')].map((button) =>
  [button.dataset.word, Number(button.lastChild.textContent.replaceAll(',', ''))]))"""


class Case(unittest.TestCase):
    """A test with a world and a page that shows it. It fails if the page complains or calls anybody else."""

    # Shared by all tests; see run.py.
    browser: Browser
    mock: Mock
    # Of what is to be expected on the console, a part.
    expected_complaint: str | None = None

    def setUp(self) -> None:
        self.world = self.mock.world()
        self.page = self.open(self.world)

    def tearDown(self) -> None:
        self.page.close()
        self.world.forget()

    def open(self, world: World, width: int = 1280, height: int = 800, dark: bool = False) -> Page:
        """A page that shows a world, ready to use, which is looked over when the test is done."""
        page = self.browser.page(width, height, dark)
        self.addCleanup(self.look_over, page)
        page.go(world.page_url)
        self.wait_until_drawn(page)
        return page

    def wait_until_drawn(self, page: Page) -> None:
        page.until("performance.getEntriesByName('fleet painted').length > 0", "the fleet to be drawn")
        page.until("fleet.cells.length > 0 && fleet.ids.length === fleet.cells.length", "the names to be read")

    def look_over(self, page: Page) -> None:
        expected = self.expected_complaint
        self.assertEqual([said for said in page.complaints if expected is None or expected not in said], [])
        foreign = [url for url in page.requests if not url.startswith((f"{self.mock.url}/_mock/", "data:image/"))]
        self.assertEqual(foreign, [], "the page calls none but its own server")

    def text(self, selector: str) -> str:
        return self.page.run(f"document.querySelector({json.dumps(selector)})?.textContent ?? ''")

    def until_text(self, selector: str, part: str) -> float:
        """Waits until what a selector finds says something; how many seconds that took."""
        script = f"document.querySelector({json.dumps(selector)})?.textContent.includes({json.dumps(part)})"
        try:
            return self.page.until(script, f"{selector} to say {part!r}")
        except TimeoutError as error:
            raise AssertionError(f"{error}; it says {self.text(selector)!r}") from None
