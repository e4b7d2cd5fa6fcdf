"""What the page shows and does, as a person with a mouse, a keyboard and eyes has it."""

import json
import sys
import tempfile
import time
import unittest

from case import LEGEND, PIXELS, Case
from mock import INSTANCES, Mock

# Longer than what the judge forgives a client as having been on its way, in seconds.
BEYOND_GRACE = 0.4
# How soon an onlooker is to see a change, in seconds. A busy machine may take longer, which is told and no failure.
SEEN_SECONDS = 2.0


def tell(text: str) -> None:
    print(f"[{text}] ", end="", file=sys.stdout, flush=True)


class Fleet(Case):
    def test_every_instance_is_drawn_in_the_colour_that_the_legend_counts(self) -> None:
        painted = self.page.run("performance.getEntriesByName('fleet painted')[0].startTime")
        tell(f"{INSTANCES} instances painted {painted:.0f} ms after the page was asked for")
        ids = [row["id"] for row in self.world.instances()]
        self.assertEqual(self.world.reinstall(*ids[100:150]), 202)
        for instance, state in ((ids[0], "stopped"), (ids[-1], "error"), (ids[7], "terminated")):
            self.world.admin("PATCH", f"instances/{instance}", {"state": state})
        told = {"running": len(ids) - 53, "pending": 50, "stopped": 1, "error": 1, "terminated": 1}
        self.page.until(f"{LEGEND}.pending === 50 && {LEGEND}.terminated === 1", "the legend to count 50 pending")
        self.assertEqual(self.page.run(LEGEND), told)
        self.assertEqual(self.page.run(PIXELS), told)
        self.assertEqual(self.page.run("document.querySelector('#grid').dataset.painted"), str(len(ids)))
        states = [row["state"] for row in self.world.instances()]
        self.assertEqual({word: states.count(word) for word in set(states)}, told)

    def test_a_state_in_the_legend_shows_only_its_instances(self) -> None:
        (instance, *_) = self.world.instances()
        self.world.admin("PATCH", f"instances/{instance['id']}", {"state": "stopped"})
        self.page.until(f"{LEGEND}.stopped === 1", "the stopped one")
        button = "#legend button[data-word=stopped]"
        for pressed, running in (("true", 0), ("false", INSTANCES - 1)):
            self.page.click(button)
            self.assertEqual(self.page.run(f"document.querySelector('{button}').ariaPressed"), pressed)
            self.assertEqual(self.page.run(PIXELS), {"running": running, "stopped": 1})
            self.assertEqual(self.page.run(LEGEND)["running"], INSTANCES - 1, "the counts stay")

    def test_an_instance_is_found_opened_and_closed_with_the_keyboard(self) -> None:
        rows = self.world.instances()
        self.page.run("document.querySelector('#grid').focus()")
        for keys, index in ((["End"], -1), (["Home", "ArrowRight", "ArrowRight"], 2)):
            for key in keys:
                self.page.press(key)
            self.until_text("#spoken", f"{rows[index]['name']}, running")
            self.page.press("Enter")
            self.until_text("#instance-facts", rows[index]["id"])
            self.until_text("#instance-title", rows[index]["name"])
        self.page.press("Escape")
        self.assertTrue(self.page.run("document.querySelector('#instance').hidden"))
        self.page.run("document.querySelector('#find').focus()")
        self.page.write(rows[4321]["id"][:13])
        self.page.press("Enter")
        self.until_text("#instance-facts", rows[4321]["id"])

    def test_the_cell_below_the_pointer_is_told_and_opened(self) -> None:
        index = 5_000
        row = self.world.instances()[index]
        x, y = self.page.run(
            "(() => { const { columns, width, height } = document.querySelector('#grid').dataset;"
            " const { x, y } = document.querySelector('#grid').getBoundingClientRect();"
            f" const [column, row] = [{index} % columns, Math.floor({index} / columns)];"
            " return [x + (column + 0.5) * width, y + (row + 0.5) * height]; })()"
        )
        self.page.mouse("mouseMoved", x, y)
        self.until_text("#tip", row["id"])
        self.until_text("#tip", "never wiped")
        self.page.mouse("mousePressed", x, y)
        self.page.mouse("mouseReleased", x, y)
        self.until_text("#instance-title", row["name"])


class Calls(Case):
    def test_a_reinstall_is_seen_in_the_grid_and_in_the_log(self) -> None:
        self.until_text("#log", "Nobody has called yet")
        (row, *_) = self.world.instances()
        began = time.monotonic()
        self.assertEqual(self.world.reinstall(row["id"]), 202)
        self.page.until(f"{LEGEND}.pending === 1", "one to be pending")
        self.until_text("#log tr:first-child", "took hold")
        seconds = time.monotonic() - began
        tell(f"seen after {seconds:.2f} s" + ("" if seconds <= SEEN_SECONDS else f", LATER than {SEEN_SECONDS} s"))
        self.assertEqual(self.page.run(PIXELS), {"running": INSTANCES - 1, "pending": 1})
        words = self.text("#log tr:first-child")
        for part in ("ReinstallOS", row["name"], "202"):
            self.assertIn(part, words)
        self.page.click("#log tr:first-child td:first-child button")
        self.until_text("#log tr.more", "fixed token")
        self.assertIn("11 characters: lower, upper, digit, special", self.text("#log tr.more"))
        self.page.click("#log tr:first-child [data-id]")
        self.until_text("#timeline", "ReinstallOS 202")
        self.until_text("#wiped", "Wiped once")

    def test_the_log_is_filtered_and_keeps_the_newest(self) -> None:
        (row, *_) = self.world.instances()
        self.world.reinstall(row["id"])
        for _ in range(520):
            self.world.look(row["id"])
        self.until_text("#log-size", "500 of 521")
        self.page.run("document.querySelector('#by-operation').value = 'ReinstallOS'")
        self.page.run("document.querySelector('#by-operation').dispatchEvent(new Event('change'))")
        self.until_text("#log-size", "1 of 521")
        self.assertIn("ReinstallOS", self.text("#log tr:first-child"))
        self.page.run("document.querySelector('#by-status').value = '4xx'")
        self.page.run("document.querySelector('#by-status').dispatchEvent(new Event('change'))")
        self.until_text("#log", "No call is such a one")

    def test_what_the_server_says_never_becomes_markup(self) -> None:
        name = '<img src=x onerror="document.title=1">'
        (row, *_) = self.world.instances()
        rule = {"name": name, "on": "ReinstallOS", "effect": {"kind": "answer", "when": "before", "status": 503}}
        self.world.admin("POST", "faults", [rule])
        self.world.admin("PATCH", f"instances/{row['id']}", {"state": "<b>", "tags": {"<i>": "</span>"}})
        self.world.reinstall(row["id"])
        self.until_text("#armed", name)
        self.until_text("#log tr:first-child", f"fault: {name}")
        self.until_text("#legend", "<b>")
        self.page.click("#log tr:first-child [data-id]")
        self.until_text("#instance-facts", "<i>=</span>")
        self.assertEqual(self.page.run("document.querySelectorAll('img, i').length"), 0)
        self.assertEqual(self.page.run("document.title"), "CloudDC mock")


class Faults(Case):
    def test_a_lost_answer_is_armed_by_a_button_hits_and_is_disarmed(self) -> None:
        (row, *_) = self.world.instances()
        self.until_text("#armed", "None")
        self.page.click("#presets button:first-child")
        self.until_text("#armed", "0 hits of 1")
        self.assertIsNone(self.world.reinstall(row["id"]), "the client gets no answer")
        self.until_text("#armed", "1 hit of 1, spent")
        for part in ("202, unseen", "took hold", "closed without a byte", "fault: Lose next answer"):
            self.until_text("#log tr:first-child", part)
        self.page.click("#armed button")
        self.until_text("#armed", "None")
        self.assertEqual(self.world.admin("GET", "faults"), [])

    def test_every_button_arms_a_rule_that_the_server_takes(self) -> None:
        count = self.page.run("document.querySelectorAll('#presets button').length")
        for number in range(1, count + 1):
            self.page.click(f"#presets button:nth-child({number})")
            self.page.until(f"document.querySelectorAll('#armed button').length === {number}", f"rule {number}")
        buttons = "[...document.querySelectorAll('#presets button')]"
        names = self.page.run(f"{buttons}.map((button) => button.firstChild.textContent)")
        self.assertEqual([armed["rule"]["name"] for armed in self.world.admin("GET", "faults")], names)
        self.page.click("#disarm-all")
        self.until_text("#armed", "None")

    def test_a_rule_of_ones_own_is_armed_or_refused_in_the_servers_words(self) -> None:
        self.page.run("document.querySelector('#own').closest('details').open = true")
        self.page.click("#own button")
        self.until_text("#armed", "Cut short")
        self.expected_complaint = "400 (Bad Request)"
        for rule, says in (("{", "That is no JSON"), ('{"effect": {"kind": "explode"}}', "explode")):
            self.page.run(f"document.querySelector('#rule').value = {json.dumps(rule)}")
            self.page.click("#own button")
            self.until_text("#says", says)
        self.assertEqual(len(self.world.admin("GET", "faults")), 1)


class Clock(Case):
    def test_a_manual_clock_goes_to_the_next_event_and_the_state_changes(self) -> None:
        (row, *_) = self.world.instances()
        self.page.run("document.querySelector('#mode').value = 'manual'")
        self.page.run("document.querySelector('#mode').dispatchEvent(new Event('change'))")
        self.until_text("#now", "(manual)")
        self.assertEqual(self.world.reinstall(row["id"]), 202)
        self.until_text("#underway", "1 reinstall")
        self.until_text("#next", ", in ")
        before = self.world.admin("GET", "clock")
        self.page.click("#to-next")
        self.until_text("#next", "none")
        self.page.until(f"{LEGEND}.running === {INSTANCES}", "all to run")
        self.assertEqual(self.world.look(row["id"]), "running")
        self.assertEqual(self.world.admin("GET", "clock")["now"], before["next"])
        self.page.click("#ten-minutes")
        self.until_text("#says", "no instance changed")


class Verdict(Case):
    def test_a_client_that_sends_again_in_doubt_is_convicted_with_its_calls(self) -> None:
        (row, other, *_) = self.world.instances()
        self.until_text("#ruling", "Acquitted so far")
        self.world.look(other["id"])
        self.page.click("#presets button:first-child")
        self.until_text("#armed", "0 hits of 1")
        self.assertIsNone(self.world.reinstall(row["id"]))
        time.sleep(BEYOND_GRACE)
        self.world.reinstall(row["id"])
        self.until_text("#ruling", "Convicted")
        self.until_text("#ruling-why", "1 violation: submitted in doubt")
        self.page.click("#verdict > summary")
        self.until_text("#cases .proof li:nth-child(2)", "ReinstallOS")
        told = self.world.admin("GET", "verdict")
        self.assertFalse(told["acquitted"])
        self.assertIn(told["violations"][0]["says"], self.text("#cases"))
        proof = sorted({str(exchange["nth"]) for found in told["violations"] for exchange in found["proof"]})
        self.page.click("#by-violation")
        self.page.until(f"document.querySelectorAll('#log tr[data-nth]').length === {len(proof)}", "only the proof")
        shown = self.page.run("[...document.querySelectorAll('#log tr.violation')].map((row) => row.dataset.nth)")
        self.assertEqual(sorted(shown), proof)

    def test_a_client_that_is_done_is_judged_by_what_it_has_not_seen_through(self) -> None:
        (row, *_) = self.world.instances()
        self.world.admin("PUT", "clock", {"mode": "manual"})
        self.world.reinstall(row["id"])
        self.world.admin("POST", "clock/idle")
        self.until_text("#ruling-why", "1 reinstall not seen through yet")
        self.page.click("#verdict > summary")
        self.page.click("#over")
        self.until_text("#ruling", "Convicted")
        self.until_text("#cases", "not seen through")


class Worlds(Case):
    def test_another_world_is_chosen_and_set_back_once_that_is_confirmed(self) -> None:
        other = self.mock.world()
        self.addCleanup(other.forget)
        (row, *_) = other.instances()
        other.reinstall(row["id"])
        self.until_text("#log", "Nobody has called yet")
        self.page.run("document.querySelector('#world').focus()")
        listed = f"[...document.querySelector('#world')].some(({{ value }}) => value === '{other.project}')"
        self.page.until(listed, "the other world to be listed")
        self.page.run(f"document.querySelector('#world').value = '{other.project}'")
        self.page.run("document.querySelector('#world').dispatchEvent(new Event('change'))")
        self.until_text("#log tr:first-child", "ReinstallOS")
        self.assertEqual(self.page.run("location.search"), f"?world={other.project}")
        for answer, calls in (("no", 1), ("yes", 0)):
            self.page.click("#reset")
            self.until_text("#ask-reset-text", other.project)
            self.page.click(f"#ask-reset button[value={answer}]")
            self.page.until("!document.querySelector('#ask-reset').open", "the question to go")
            # So that whatever the answer leads to has been begun.
            self.page.run("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
            self.assertEqual(any("/reset" in url for url in self.page.requests), answer == "yes")
            self.until_text("#log", "Nobody has called yet" if calls == 0 else "ReinstallOS")
            self.assertEqual(other.admin("GET", "log")["total"], calls, answer)
        self.until_text("#log", "Nobody has called yet")
        self.page.until(f"{LEGEND}.running === {INSTANCES}", "all to run")


class Connection(Case):
    def test_without_messages_the_page_asks_by_itself(self) -> None:
        self.expected_complaint = "ERR_BLOCKED_BY_CLIENT"
        page = self.page = self.browser.page()
        page.ask("Network.setBlockedURLs", {"urls": ["*/_mock/events*"]})
        page.go(self.world.page_url)
        self.until_text("#pulse", "asking each second")
        (row, *_) = self.world.instances()
        self.world.reinstall(row["id"])
        self.until_text("#log tr:first-child", "ReinstallOS")
        page.until(f"{LEGEND}.pending === 1", "one to be pending")
        self.look_over(page)

    def test_the_admin_token_is_asked_for_once(self) -> None:
        self.expected_complaint = "401 (Unauthorized)"
        token_file = tempfile.NamedTemporaryFile("w", suffix=".token")
        self.addCleanup(token_file.close)
        token_file.write("canary\n")
        token_file.flush()
        mock = Mock("--admin-token-file", token_file.name, admin_token="canary")
        self.addCleanup(mock.stop)
        world = mock.world()
        # The page of the other server would go on asking for a world that is forgotten when the test is done.
        self.page.close()
        page = self.page = self.browser.page()
        page.go(world.page_url)
        for token, says in (("wrong", "That one is refused"), ("canary", "")):
            page.until("document.querySelector('#ask-token').open", "the question")
            page.run("document.querySelector('#token').focus()")
            page.write(token)
            page.press("Enter")
            self.until_text("#token-wrong", says)
        self.wait_until_drawn(page)
        page.go(f"{world.page_url}&again")
        self.wait_until_drawn(page)
        self.assertFalse(page.run("document.querySelector('#ask-token').open"), "kept in this tab")
        self.assertFalse(page.run("document.documentElement.outerHTML.includes('canary')"))


class Reach(Case):
    def test_everything_that_can_be_used_has_a_name(self) -> None:
        self.page.ask("Accessibility.enable")
        self.page.click("#presets button")
        self.until_text("#armed", "0 hits")
        nodes = self.page.ask("Accessibility.getFullAXTree")["nodes"]
        usable = {"application", "button", "checkbox", "combobox", "searchbox", "textbox"}
        named = [(node["role"]["value"], node["name"]["value"]) for node in nodes if node["role"]["value"] in usable]
        self.assertGreater(len(named), 25)
        self.assertEqual([role for role, name in named if not name.strip()], [])

    def test_it_fits_a_desk_and_a_pocket_by_day_and_by_night(self) -> None:
        for width, height, dark in ((1280, 800, True), (390, 844, False), (390, 844, True)):
            with self.subTest(width=width, dark=dark):
                page = self.open(self.world, width, height, dark)
                self.assertEqual(page.run("document.documentElement.scrollWidth"), width, "nothing to scroll sideways")
                background = page.run("getComputedStyle(document.body).backgroundColor")
                self.assertEqual(sum(map(int, background[4:-1].split(","))) < 200, dark, background)
                self.assertEqual(page.run(PIXELS), {"running": INSTANCES})
                page.close()
