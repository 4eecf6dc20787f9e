"""The settings that `sshd -T` prints: the type of each, and what it means in a sentence.

Switches stay text (`yes`, `no`), because several have a third value. sshd prints defaults as
well, so a setting that is missing does not exist in that version of OpenSSH.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from hipscan.model.fact import Record, Value
from hipscan.probes.base import Field, FieldType

_WORDS: Final = {
    "addressfamily": "any, inet or inet6",
    "allowagentforwarding": "whether a client's agent may be forwarded",
    "allowstreamlocalforwarding": "whether Unix sockets may be forwarded: yes, no, local, remote",
    "allowtcpforwarding": "whether TCP may be forwarded: yes, no, local, remote",
    "authorizedkeyscommand": "a program that names authorized keys, without its arguments, or none",
    "authorizedkeyscommanduser": "the account that runs AuthorizedKeysCommand",
    "authorizedprincipalscommand": "a program that names certificate principals, likewise, or none",
    "authorizedprincipalscommanduser": "the account that runs AuthorizedPrincipalsCommand",
    "authorizedprincipalsfile": "a file of accepted certificate principals, or none",
    "banner": "a file that is shown before login, or none",
    "chrootdirectory": "the root that sessions are shut into, or none",
    "compression": "yes, delayed or no",
    "disableforwarding": "whether every kind of forwarding is off at once",
    "exposeauthinfo": "whether sessions learn how they were authenticated",
    "fingerprinthash": "the hash in logged fingerprints",
    "forcecommand": "the program that every session runs instead, likewise, or none",
    "gatewayports": "whether forwarded ports listen beyond loopback: yes, no, clientspecified",
    "gssapiauthentication": "whether Kerberos tickets log in",
    "gssapicleanupcredentials": "whether Kerberos tickets are destroyed at logout",
    "gssapikeyexchange": "whether Kerberos may authenticate the key exchange",
    "gssapistorecredentialsonrekey": "whether renewed Kerberos tickets are stored",
    "gssapistrictacceptorcheck": "whether only the service name of this host is accepted",
    "hostbasedauthentication": "whether a trusted client host vouches for its users",
    "hostbasedusesnamefrompacketonly": "whether the client's own word for its name is believed",
    "hostkeyagent": "the agent that holds the host keys, or none",
    "ignorerhosts": "whether .rhosts and .shosts are ignored: yes, no, shosts-only",
    "ignoreuserknownhosts": "whether users' known_hosts is ignored for host-based login",
    "ipqos": "the DSCP classes of interactive and bulk sessions",
    "kbdinteractiveauthentication": "whether questions of PAM log in; also from"
    " challengeresponseauthentication, its name before OpenSSH 8.7",
    "kerberosauthentication": "whether passwords are checked by Kerberos",
    "kerberosorlocalpasswd": "whether a local password does where Kerberos fails",
    "kerberosticketcleanup": "whether the Kerberos ticket file is destroyed at logout",
    "loglevel": "QUIET, FATAL, ERROR, INFO, VERBOSE, DEBUG, ...",
    "maxstartups": "start:rate:full of connections that have not logged in yet",
    "modulifile": "the file of Diffie-Hellman groups",
    "passwordauthentication": "whether passwords log in",
    "permitemptypasswords": "whether an empty password logs in",
    "permitrootlogin": "yes, no, prohibit-password (printed by sshd as without-password) or"
    " forced-commands-only",
    "permittty": "whether sessions may have a terminal",
    "permittunnel": "whether network devices may be forwarded",
    "permituserenvironment": "whether users set environment variables: yes, no or a pattern",
    "permituserrc": "whether ~/.ssh/rc runs at login",
    "persourcemaxstartups": "connections of one source that have not logged in, or none",
    "persourcenetblocksize": "how many bits of an address make one source",
    "persourcepenalties": "how a source that fails is held off (OpenSSH 9.8)",
    "persourcepenaltyexemptlist": "addresses that are never held off, or none",
    "pidfile": "the file of the server's process id",
    "printlastlog": "whether the last login is shown",
    "printmotd": "whether sshd itself shows the message of the day",
    "protocol": "versions of the protocol, as servers before OpenSSH 7.6 print them",
    "pubkeyauthentication": "whether keys log in",
    "pubkeyauthoptions": "what hardware tokens must prove, or none",
    "rekeylimit": "bytes and seconds until keys are exchanged anew; 0 0 means the cipher's own",
    "refuseconnection": "whether connections end before login (OpenSSH 10)",
    "revokedkeys": "a file of keys that never log in, or none",
    "securitykeyprovider": "the library for hardware tokens",
    "rhostsrsaauthentication": "whether hosts vouch for users by RSA keys (before OpenSSH 7.6)",
    "sshdauthpath": "the program that authenticates (OpenSSH 10)",
    "sshdsessionpath": "the program that serves one session (OpenSSH 9.8)",
    "streamlocalbindmask": "the umask of forwarded Unix sockets",
    "streamlocalbindunlink": "whether an old forwarded Unix socket is removed first",
    "strictmodes": "whether modes of home and key files are checked before login",
    "syslogfacility": "AUTH, AUTHPRIV, ...",
    "tcpkeepalive": "whether dead connections are noticed by TCP",
    "trustedusercakeys": "a file of authorities whose certificates log in, or none",
    "unusedconnectiontimeout": "how long a connection without channels lives, or none",
    "usedns": "whether the client's name is looked up",
    "usepam": "whether PAM has a say at login",
    "useprivilegeseparation": "whether the network is served without root's rights (before 7.5)",
    "versionaddendum": "text added to the version banner, or none",
    "x11forwarding": "whether X11 may be forwarded",
    "x11uselocalhost": "whether forwarded X11 listens on loopback only",
    "xauthlocation": "the xauth program",
}

_NUMBERS: Final = {
    "clientalivecountmax": "unanswered probes until a client counts as gone; 0 never",
    "clientaliveinterval": "seconds of silence until a client is probed; 0 never",
    "logingracetime": "seconds until a connection must have logged in; 0 means no limit",
    "maxauthtries": "attempts to log in, for each connection",
    "maxsessions": "sessions on one connection",
    "requiredrsasize": "the smallest RSA key that is accepted, in bits (OpenSSH 9.1)",
    "x11displayoffset": "the first display number for forwarded X11",
}

# Lists: the separator inside a value, or none where the setting repeats.
_LISTS: Final = {
    "acceptenv": ("", "environment variables that a client may set"),
    "allowgroups": ("", "the only groups that may log in; empty means every group"),
    "allowusers": ("", "the only accounts that may log in; empty means every account"),
    "authenticationmethods": (" ", "methods that must succeed together; any means each one alone"),
    "authorizedkeysfile": (" ", "where the keys of an account are"),
    "casignaturealgorithms": (",", "how an authority may sign certificates"),
    "channeltimeout": (" ", "how long channels may be idle (OpenSSH 9.2)"),
    "ciphers": (",", "ciphers in order of preference"),
    "denygroups": ("", "groups that may not log in"),
    "denyusers": ("", "accounts that may not log in"),
    "gssapikexalgorithms": (",", "key exchange methods of Kerberos"),
    "hostbasedacceptedalgorithms": (",", "signatures accepted from trusted client hosts"),
    "hostcertificate": ("", "certificates of the host keys"),
    "hostkey": ("", "private host keys"),
    "hostkeyalgorithms": (",", "signatures by which the server may prove itself"),
    "kexalgorithms": (",", "key exchange methods in order of preference"),
    "listenaddress": ("", "addresses and ports that the server listens on"),
    "macs": (",", "message authentication codes in order of preference"),
    "permitlisten": (" ", "ports that clients may listen on; any or none"),
    "permitopen": (" ", "destinations that clients may reach; any or none"),
    "port": ("", "ports of the server"),
    "pubkeyacceptedalgorithms": (",", "signatures by which users may prove themselves"),
    "setenv": ("", "environment variables that every session gets, by name only"),
    "subsystem": ("", "subsystems and their programs"),
}

# A setting that sshd prints only where it is set, and that then means "no restriction".
_EMPTY_BY_DEFAULT: Final = (
    "acceptenv",
    "allowgroups",
    "allowusers",
    "denygroups",
    "denyusers",
    "hostcertificate",
)

_SWITCHES: Final = {"true": "yes", "false": "no"}
_LIMITS: Final = ("allowusers", "allowgroups", "denyusers", "denygroups")

OLD_NAMES: Final = {
    "challengeresponseauthentication": "kbdinteractiveauthentication",
    "pubkeyacceptedkeytypes": "pubkeyacceptedalgorithms",
    "hostbasedacceptedkeytypes": "hostbasedacceptedalgorithms",
    "keyregenerationinterval": "",
}

SETTINGS: Final[Mapping[str, Field]] = {
    **{name: Field(FieldType.TEXT, doc) for name, doc in _WORDS.items()},
    **{name: Field(FieldType.INTEGER, doc) for name, doc in _NUMBERS.items()},
    **{name: Field(FieldType.LIST, doc) for name, (_, doc) in _LISTS.items()},
    "unanswered_seconds": Field(
        FieldType.INTEGER,
        "after so many seconds a client that answers no probe is dropped, which is the product of"
        " clientaliveinterval and clientalivecountmax; 0 never",
    ),
    "account_limits": Field(
        FieldType.LIST,
        "AllowUsers, AllowGroups, DenyUsers and DenyGroups together, as `allowgroups staff`; empty"
        " means that every account may log in",
    ),
    "unlisted": Field(FieldType.LIST, "settings that hipscan does not know, as `name value`"),
}


def settings(lines: Iterable[str]) -> Record:
    """Return the settings that lines of `sshd -T` state, typed.

    permitrootlogin without-password
    clientaliveinterval 0
    ciphers aes128-ctr,aes256-ctr
    hostkey /etc/ssh/ssh_host_rsa_key

    A number that is none (`none`) is left as 0, which is what it means. OpenSSH 10.6 prints some
    switches as true and false.
    """
    record: dict[str, Value] = {}
    lists: dict[str, list[Value]] = {name: [] for name in (*_EMPTY_BY_DEFAULT, "unlisted")}
    for line in lines:
        printed, _, value = line.strip().partition(" ")
        name = OLD_NAMES.get(printed, printed)
        if name in _LISTS:
            lists.setdefault(name, []).extend(_items(name, value))
        elif name in _NUMBERS:
            record.setdefault(name, int(value) if value.isdigit() else 0)
        elif name in _WORDS:
            record.setdefault(name, _word(name, value))
        elif name:
            lists["unlisted"].append(f"{name} {value}")
    limits = [f"{name} {item}" for name in _LIMITS for item in lists[name]]
    return {**record, **_unanswered(record), **lists, "account_limits": limits}


def _unanswered(record: Record) -> Record:
    interval, count = record.get("clientaliveinterval"), record.get("clientalivecountmax")
    if isinstance(interval, int) and isinstance(count, int):
        return {"unanswered_seconds": interval * count}
    return {}


def _items(name: str, value: str) -> list[str]:
    separator = _LISTS[name][0]
    if name == "setenv":
        return [value.partition("=")[0]]
    return [item for item in value.split(separator) if item] if separator else [value]


def _word(name: str, value: str) -> str:
    if name == "permitrootlogin" and value == "without-password":
        return "prohibit-password"
    if name.endswith("command"):
        return value.partition(" ")[0]
    return _SWITCHES.get(value, value)
