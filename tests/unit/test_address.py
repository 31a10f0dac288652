"""A Redis URL with several hosts, taken apart."""

from core.state.redis.address import take_apart


def test_sentinels() -> None:
    place = take_apart("redis+sentinel://me:p%40ss@one,two:5000,[::1]/name/2?sentinel_password=other", 26379)
    assert place.hosts == (("one", 26379), ("two", 5000), ("::1", 26379))
    assert place.path == ("name", "2")
    assert place.options == {"username": "me", "password": "p@ss"}
    assert place.sentinel_options == {"password": "other"}


def test_a_cluster_with_tls() -> None:
    place = take_apart("rediss+cluster://:secret@one?ssl_ca_certs=/ca.pem", 6379)
    assert place.hosts == (("one", 6379),)
    assert place.options == {"password": "secret", "ssl": True, "ssl_ca_certs": "/ca.pem"}
