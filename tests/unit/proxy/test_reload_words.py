"""When a reload has failed for good: the error log's lines as Nginx 1.22 writes them."""

from relctl.proxy.nginx import _gave_up

BIND = "2026/01/02 03:04:05 [emerg] 7#7: bind() to 127.0.0.1:80 failed (98: Address already in use)\n"
STILL = "2026/01/02 03:04:07 [emerg] 7#7: still could not bind()\n"
DENIED = "2026/01/02 03:04:05 [emerg] 7#7: bind() to 127.0.0.1:80 failed (13: Permission denied)\n"


def test_a_port_in_use_is_tried_again_before_nginx_gives_up() -> None:
    assert not _gave_up(BIND * 4, 7)
    assert _gave_up(BIND * 5 + STILL, 7)


def test_any_other_emergency_is_the_end() -> None:
    assert _gave_up(DENIED, 7)


def test_another_nginx_that_writes_to_the_same_log_is_not_ours() -> None:
    assert not _gave_up(DENIED + STILL, 70)
    assert not _gave_up("2026/01/02 03:04:05 [crit] 7#7: open() failed\n", 7)
