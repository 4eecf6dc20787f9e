"""The fields of the facts about Mirth Connect."""

from typing import Final

from hipscan.probes.base import Field, FieldType
from hipscan.probes.modes import MODE_FIELDS

FIELDS: Final = {
    "home": Field(FieldType.TEXT, "folder of the installation"),
    "version": Field(FieldType.TEXT, "its version"),
    "exploited": Field(FieldType.BOOLEAN, "whether it is older than 4.4.1 (CVE-2023-43208)"),
    "http_port": Field(FieldType.INTEGER, "port without TLS; 0: none"),
    "https_port": Field(FieldType.INTEGER, "port with TLS; 0: none"),
    "http_local": Field(FieldType.BOOLEAN, "whether the clear port is for this host only"),
    "https_local": Field(FieldType.BOOLEAN, "whether the port with TLS is for this host only"),
    "protocols": Field(FieldType.LIST, "https.server.protocols"),
    "weak_protocols": Field(FieldType.LIST, "those of them below TLS 1.2; not SSLv2Hello"),
    "default_secrets": Field(FieldType.LIST, "settings that hold a published password"),
    "secrets": Field(FieldType.LIST, "settings that hold a password"),
    "database": Field(FieldType.TEXT, "derby, postgres, mysql, oracle or sqlserver"),
    "cors_origin": Field(FieldType.TEXT, "which web sites may use the interface; * for all"),
    "keystore_world_readable": Field(FieldType.BOOLEAN, "whether others may read keystore.jks"),
    "password_length": Field(FieldType.INTEGER, "characters that a password needs; 0: any"),
    "password_tries": Field(FieldType.INTEGER, "failed logins before a lock; 0: no lock"),
    "password_lock_hours": Field(FieldType.INTEGER, "hours of a lock"),
    "password_days": Field(FieldType.INTEGER, "days that a password lasts; 0: for ever"),
    "password_history": Field(FieldType.INTEGER, "old passwords that may not come back"),
    **MODE_FIELDS,
}
CHANNEL_FIELDS: Final = {
    "home": Field(FieldType.TEXT, "folder of the installation"),
    "file": Field(FieldType.TEXT, "the exported file"),
    "name": Field(FieldType.TEXT, "name of the channel"),
    "listener": Field(FieldType.TEXT, "what it receives with: TcpReceiver, HttpReceiver, ..."),
    "port": Field(FieldType.INTEGER, "port that it listens on"),
    "remote": Field(FieldType.BOOLEAN, "whether it listens beyond this host"),
    "encrypts_messages": Field(FieldType.BOOLEAN, "whether it stores messages encrypted"),
}
