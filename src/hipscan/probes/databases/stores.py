"""Data stores other than the SQL databases: what each lets in, from where, and how protected."""

from typing import Final

from hipscan.probes.allow_list import FOLLOW, ONLY, UNIT
from hipscan.probes.bundle import bundle
from hipscan.probes.databases import couchdb, memcached, mongodb, redis, search_engines, slapd
from hipscan.probes.yaml_lines import YAML_ONLY

PROBE: Final = bundle(
    "stores",
    (
        redis.MEMBER,
        memcached.MEMBER,
        mongodb.MEMBER,
        search_engines.MEMBER,
        couchdb.MEMBER,
        slapd.MEMBER,
    ),
    shell=ONLY + FOLLOW + UNIT + YAML_ONLY,
    commands=("redis-server --version", "valkey-server --version"),
)
