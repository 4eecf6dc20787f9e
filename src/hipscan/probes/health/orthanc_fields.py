"""The fields of the facts about Orthanc, for the probe and for what follows from it."""

from typing import Final

from hipscan.probes.base import Field, FieldType
from hipscan.probes.modes import MODE_FIELDS

CONFIG_FIELDS: Final = {
    "config": Field(FieldType.TEXT, "the file or folder that it reads"),
    "version": Field(FieldType.TEXT, "its version"),
    "error": Field(FieldType.TEXT, "why it does not start on these files; empty: it does"),
    "http": Field(FieldType.BOOLEAN, "whether it offers pages and the REST interface"),
    "http_port": Field(FieldType.INTEGER, "port of these"),
    "bind_addresses": Field(FieldType.LIST, "where it offers them; nothing: on every address"),
    "remote_access": Field(FieldType.BOOLEAN, "whether it answers other hosts over HTTP"),
    "authentication": Field(FieldType.BOOLEAN, "whether it asks for a login"),
    "authentication_implied": Field(FieldType.BOOLEAN, "whether no file says so"),
    "open": Field(
        FieldType.BOOLEAN,
        "whether other hosts get in without a login; unknown with the plugin Authorization",
    ),
    "users": Field(FieldType.LIST, "names in RegisteredUsers"),
    "weak_users": Field(FieldType.LIST, "those with an empty or a published password"),
    "builtin_user": Field(FieldType.BOOLEAN, "whether orthanc/orthanc gets in by implied default"),
    "tls": Field(FieldType.BOOLEAN, "whether it speaks HTTPS"),
    "tls_protocols": Field(FieldType.LIST, "protocols that it then offers"),
    "weak_protocols": Field(FieldType.LIST, "those of them below TLS 1.2"),
    "verifies_clients": Field(FieldType.BOOLEAN, "whether it asks clients for a certificate"),
    "dicom": Field(FieldType.BOOLEAN, "whether it offers DICOM"),
    "dicom_port": Field(FieldType.INTEGER, "port of DICOM"),
    "dicom_tls": Field(FieldType.BOOLEAN, "whether DICOM is encrypted"),
    "dicom_client_certificates": Field(FieldType.BOOLEAN, "whether TLS asks for certificates"),
    "dicom_weak_protocols": Field(
        FieldType.LIST, "protocols below TLS 1.2 that DICOM takes where it is encrypted"
    ),
    "aet": Field(FieldType.TEXT, "its application entity title"),
    "anybody_may": Field(
        FieldType.LIST, "what modalities that it does not know may do: echo, store, find, ..."
    ),
    "checks_host": Field(FieldType.BOOLEAN, "whether a modality must come from its address"),
    "title_only": Field(
        FieldType.BOOLEAN, "whether only its title, no address or certificate, says who calls"
    ),
    "checks_called_aet": Field(FieldType.BOOLEAN, "whether callers must know its own title"),
    "modalities": Field(FieldType.LIST, "names of the modalities that its files name"),
    "clear_peers": Field(
        FieldType.LIST, "peers and DICOMweb servers that it reaches over plain HTTP"
    ),
    "verifies_peers": Field(FieldType.BOOLEAN, "whether it checks certificates of peers"),
    "lua": Field(FieldType.BOOLEAN, "whether clients may run Lua scripts in it"),
    "file_writes": Field(FieldType.BOOLEAN, "whether clients may make it write files"),
    "webdav": Field(FieldType.BOOLEAN, "whether it is a network folder too"),
    "webdav_writable": Field(FieldType.BOOLEAN, "whether one can add or delete there"),
    "verbose": Field(FieldType.LIST, "options of its unit that make logs name patients"),
    "deidentifies_logs": Field(
        FieldType.BOOLEAN, "whether queries in its logs are stripped of the patients' data"
    ),
    "storage": Field(FieldType.TEXT, "folder of the images"),
    "index": Field(FieldType.TEXT, "folder of the index"),
}
FILE_FIELDS: Final = {
    "path": Field(FieldType.TEXT, "the file"),
    "secrets": Field(FieldType.LIST, "options in it that hold a password or a token"),
    "known_defaults": Field(FieldType.LIST, "those of them that are published defaults"),
    **MODE_FIELDS,
}

REACH_FIELDS: Final = {
    **CONFIG_FIELDS,
    "running": Field(FieldType.BOOLEAN, "whether a process of that name listens on a port"),
    "http_remote": Field(
        FieldType.BOOLEAN,
        "whether other hosts get answers over HTTP; of one that does not run, whether they would",
    ),
    "dicom_remote": Field(FieldType.BOOLEAN, "the same of DICOM"),
    "storage_encrypted": Field(
        FieldType.BOOLEAN, "whether the folder of the images lies on an encrypted file system"
    ),
}
