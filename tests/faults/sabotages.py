"""Faults that somebody might build in, each as a change of a line or two, with the test that must turn red for it.

A promise is worth what its test would notice. When the code changes, a sabotage may no longer apply; that is said
loudly, and it is then to be written anew, not to be left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple


class Sabotage(NamedTuple):
    """Replace `old`, which stands in `file` once, by `new`: then `test` must fail."""

    name: str
    file: str
    old: str
    new: str
    test: str

    def applied(self, root: Path) -> str:
        """The file's text with the fault in it.

        Raises:
            LookupError: the text is not there any more, or more than once.
        """
        text = (root / self.file).read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise LookupError(f"{self.name}: {self.file} has {text.count(self.old)} times: {self.old}")
        return text.replace(self.old, self.new)


_IO: Final = "tests/tracker/io"

SABOTAGES: Final = (
    Sabotage(
        "no flush at each commit",
        "tracker/io/journal.py",
        '("synchronous", "FULL", 2)',
        '("synchronous", "NORMAL", 1)',
        "tests/power/test_power_loss.py::test_no_power_cut_loses_what_was_acknowledged",
    ),
    Sabotage(
        "the directory is not flushed",
        "tracker/io/journal.py",
        "                sync_directory(directory)\n                self.epoch",
        "                self.epoch",
        "tests/power/test_power_loss.py::test_no_power_cut_loses_what_was_acknowledged",
    ),
    Sabotage(
        "acknowledged before the commit",
        "tracker/io/service.py",
        "            _, took_s = await self._in_thread(timed,",
        "            took_s, later = 0.0, lambda *call: asyncio.ensure_future(self._in_thread(*call))\n"
        "            later(timed,",
        f"{_IO}/test_units_socket.py::test_nothing_is_acknowledged_before_the_disk_has_it",
    ),
    Sabotage(
        "the world keeps what the disk refused",
        "tracker/io/service.py",
        "            self._draft.rollback()\n            if self._ration is not None or not",
        "            if self._ration is not None or not",
        f"{_IO}/test_service.py::test_a_full_disk_takes_nothing_and_the_service_recovers_by_itself",
    ),
    Sabotage(
        "a position that was not recorded stays in the world",
        "tracker/io/batch.py",
        "            self._world.undo_to(mark)\n            ration.hold(key, entry)",
        "            ration.hold(key, entry)",
        f"{_IO}/test_ration.py::test_a_position_that_proves_nothing_leaves_no_trace",
    ),
    Sabotage(
        "a failed flush is not the end",
        "tracker/io/service.py",
        "                submission.tell(Unavailable(_FAILED))\n            raise\n",
        "                submission.tell(Unavailable(_FAILED))\n",
        f"{_IO}/test_service.py::test_a_failing_disk_ends_the_service_without_a_false_ack",
    ),
    Sabotage(
        "a resend is applied again",
        "tracker/io/batch.py",
        "        if known is not None:\n",
        "        if known is not None and known.fix != entry.fix:\n",
        f"{_IO}/test_service.py::test_a_resend_is_answered_and_applied_once",
    ),
    Sabotage(
        "the newest ping is not looked up when it comes again",
        "tracker/io/batch.py",
        "            elif n > before:\n",
        "            elif n >= before:\n",
        f"{_IO}/test_known.py::test_whatever_comes_in_whatever_order",
    ),
    Sabotage(
        "acks pass over what was not accepted",
        "tracker/io/receipts.py",
        "return self.dealt if not self.owed else min(self.dealt, min(self.owed) - 1)",
        "return self.dealt",
        f"{_IO}/test_receipts.py",
    ),
    Sabotage(
        "an event is lost on resume",
        "tracker/io/live_socket.py",
        "await self._service.events(after, _PAGE, viewer.scope)",
        "await self._service.events(after + 1, _PAGE, viewer.scope)",
        f"{_IO}/test_live_socket.py::test_what_is_missing_is_sent_or_honestly_not",
    ),
    Sabotage(
        "everybody waits for the slowest viewer",
        "tracker/io/hub.py",
        "        deliver(live, sealed, at, frames)\n",
        "        if all(viewer.buffered_bytes < 65_536 for viewer in live):\n"
        "            deliver(live, sealed, at, frames)\n",
        f"{_IO}/test_hub.py::test_a_stalled_viewer_is_cut_off_and_the_others_miss_nothing",
    ),
    Sabotage(
        "pages of every origin may connect",
        "tracker/io/gate.py",
        "if origin is None or origin in self._origins:",
        "if True or origin in self._origins:",
        f"{_IO}/test_live_socket.py::test_pages_of_other_sites_are_refused",
    ),
    Sabotage(
        "a revoked token goes on",
        "tracker/io/revocations.py",
        "if connection in self._open and self._gate.still(one) is None:",
        "if connection not in self._open and self._gate.still(one) is None:",
        f"{_IO}/test_units_socket.py::test_a_revoked_token_ends_its_connections_within_two_seconds",
    ),
    Sabotage(
        "everybody sees everything",
        "tracker/policy.py",
        "return scope.sees_all or bool(seen_by & bits(scope))",
        "return True or bool(seen_by & bits(scope))",
        "tests/tracker/test_policy.py::test_the_table_agrees_with_the_oracle",
    ),
    Sabotage(
        "timers on a clock that somebody sets",
        "tracker/io/service.py",
        "for step in self._watch_clock() if step.jump_s]",
        "for step in self._watch_clock() if False]",
        "tests/faults/test_clock_steps.py::test_no_timer_fires_for_a_step",
    ),
    Sabotage(
        "time goes back with the clock",
        "tracker/io/clock.py",
        "max(wall, self._now + CATCH_UP * elapsed_s)",
        "wall",
        f"{_IO}/test_clock.py",
    ),
    Sabotage(
        "a snapshot is believed unseen",
        "tracker/io/journal.py",
        "            if sha256(body).digest() == digest:\n",
        "            if digest:\n",
        f"{_IO}/test_journal.py::test_a_snapshot_that_was_changed_is_not_used",
    ),
    Sabotage(
        "what is stored is not compared with what is derived",
        "tracker/io/recovery.py",
        "    if derived == stored:\n",
        "    if len(derived) == len(stored):\n",
        f"{_IO}/test_recovery.py::test_rebuild_shows_the_first_event_that_was_changed",
    ),
    Sabotage(
        "the slowest viewer sets the pace",
        "tracker/io/hub.py",
        "        deliver(live, sealed, at, frames)\n",
        "        deliver([] if any(viewer.buffered_bytes for viewer in live) else live, sealed, at, frames)\n",
        "tests/e2e/test_slow_viewer.py::test_the_others_get_everything_and_the_stalled_one_resumes",
    ),
    Sabotage(
        "what comes beyond the window is thrown away",
        "borders/arrival.py",
        "    found = None if watch.crossed is None else reconsider(",
        "    found = None if True else reconsider(",
        "tests/properties/test_arrival.py::test_what_comes_beyond_the_window_corrects_to_what_would_have_been_told",
    ),
    Sabotage(
        "the way back begins nowhere",
        "borders/crossing.py",
        "            home=watch.samples[-1],\n",
        "            home=None,\n",
        "tests/properties/test_chains.py::test_the_chain_is_unbroken_over_a_silence",
    ),
    Sabotage(
        "a start forgets how late it was",
        "tracker/io/service.py",
        "        clock.advance_to(replayed.newest_at)\n",
        "",
        "tests/faults/test_simulated.py::test_whatever_befalls_it_nothing_is_lost_doubled_or_made_up",
    ),
    Sabotage(
        "a certificate outlives its revocation",
        "tracker/io/credentials.py",
        "FROM certificate WHERE id = ? AND revoked_at IS NULL",
        "FROM certificate WHERE id = ?",
        f"{_IO}/test_tls.py::test_a_revoked_certificate_ends_its_connections_within_two_seconds",
    ),
    Sabotage(
        "nobody is asked for a certificate",
        "tracker/io/tls.py",
        "context.verify_mode = ssl.CERT_REQUIRED",
        "context.verify_mode = ssl.CERT_NONE",
        f"{_IO}/test_tls.py::test_who_a_stranger_signed_for_or_who_has_expired_gets_no_connection",
    ),
    Sabotage(
        "one address takes all places",
        "tracker/io/door.py",
        "if self._turnstile.enter(address):",
        "if self._turnstile.enter(address) or True:",
        f"{_IO}/test_units_socket.py::test_who_has_not_said_who_it_is_takes_no_more_than_its_address_has_places",
    ),
    Sabotage(
        "calls have no pace",
        "tracker/io/ingest_http.py",
        "if (wait_s := pace.rest_s(self._now())) > 0:",
        "if (wait_s := pace.rest_s(self._now())) > 1e9:",
        f"{_IO}/test_ingest_pace.py::test_beyond_its_pace_it_is_told_to_wait",
    ),
    Sabotage(
        "an admin acts off the record",
        "tracker/io/admin_http.py",
        "        await self._log.record(row)\n        try:\n",
        "        try:\n",
        f"{_IO}/test_admin.py::test_what_cannot_be_put_on_record_is_not_done",
    ),
    Sabotage(
        "a unit stays on the former state's screens",
        "tracker/io/hub.py",
        "        if committed.restated:\n",
        "        if False:\n",
        f"{_IO}/test_hub.py::test_a_unit_that_is_given_to_another_state_leaves_the_former_ones_screens",
    ),
    Sabotage(
        "a name becomes a path",
        "tracker/io/pages.py",
        'page = self._pages.get(name or "index.html")\n',
        'path = Path("web") / (name or "index.html")\n'
        '        page = _page(path.read_bytes(), ".txt") if path.is_file() else None\n',
        "tests/hostile/test_paths.py::test_each_is_answered_with_the_same_404",
    ),
    Sabotage(
        "a head may take as long as it likes",
        "tracker/io/http_port.py",
        "return now - self._since >= (HEAD_S if self._receiving else IDLE_S)",
        "return not self._receiving and now - self._since >= IDLE_S",
        f"{_IO}/test_http_port.py::test_a_head_that_does_not_come_costs_the_place",
    ),
    Sabotage(
        "an answer waits for its reader for ever",
        "tracker/io/http_port.py",
        "return now - self._taken_at >= TAKING_S",
        "return False",
        f"{_IO}/test_http_port.py::test_an_answer_that_is_not_taken_costs_the_place",
    ),
    Sabotage(
        "every byte of a body buys time anew",
        "tracker/io/http.py",
        "limit.reschedule(began_at + BODY_S + len(body) / BODY_BYTES_PER_S)",
        "limit.reschedule(asyncio.get_running_loop().time() + BODY_S)",
        f"{_IO}/test_http_port.py::test_a_body_that_trickles_is_answered_with_408",
    ),
    Sabotage(
        "the second of two values counts",
        "tracker/io/requests.py",
        "        json.loads(message, object_pairs_hook=_check_once)\n",
        "",
        f"{_IO}/test_requests.py::test_a_field_that_is_given_twice_is_refused",
    ),
    Sabotage(
        "packed bodies are read",
        "tracker/io/http.py",
        'if encoding.strip().lower() not in {"", "identity"}:',
        "if False:",
        "tests/hostile/test_large_and_deep.py::test_what_is_packed_is_not_unpacked",
    ),
    Sabotage(
        "a reader on a slow line is one that does not read",
        "tracker/io/http_port.py",
        "taken = acknowledged_bytes(self.transport)",
        "taken = None",
        "tests/hostile/test_slow.py::"
        "test_every_way_of_being_slow_comes_to_an_end_but_one_who_reads_slowly_is_left_alone",
    ),
    Sabotage(
        "what was taken blindly is placed by a replay",
        "tracker/engine.py",
        "if entry.blind or self.detector is None:",
        "if self.detector is None:",
        "tests/tracker/test_blind.py::test_a_replay_with_borders_tells_the_same",
    ),
    Sabotage(
        "a clock that is far ahead is believed",
        "tracker/io/doubt.py",
        "if ahead_s > AHEAD_S:",
        "if ahead_s > 1e9:",
        f"{_IO}/test_retention.py::"
        "test_a_server_that_wakes_far_ahead_of_its_journal_erases_nothing_until_somebody_speaks_for_the_clock",
    ),
    Sabotage(
        "what was typed as a name is logged",
        "tracker/io/sign_in.py",
        "account=None if account is None else account.name, address=address)",
        "account=name, address=address)",
        "tests/e2e/test_unsaid.py::test_whatever_goes_wrong_with_signing_in",
    ),
)
