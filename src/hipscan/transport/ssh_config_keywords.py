"""Which keywords of ssh_config mean what to hipscan. Every keyword is in exactly one class.

* honoured: part of SshSettings, so every transport does as the user says;
* overridden: hipscan's own rule stands above it (no forwarding, no shared connection, strict host
  keys, its own deadlines), or it is about a terminal;
* all others, those of a later OpenSSH included: only the OpenSSH client can honour them, when
  they differ from what the client does without any configuration.

Source: ssh_config(5) of OpenSSH 9.2 to 10.2.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

# Keyword in lower case -> its values in the order of the configuration, as `ssh -G` prints them.
Answer: TypeAlias = Mapping[str, tuple[str, ...]]

_KEPT: Final = """
    host hostname port user identityfile identitiesonly identityagent certificatefile
    userknownhostsfile globalknownhostsfile hostkeyalias revokedhostkeys hashknownhosts
    connecttimeout addressfamily passwordauthentication kbdinteractiveauthentication
    requiredrsasize
    """
HONOURED: Final = frozenset(_KEPT.split())

_NEVER: Final = """
    forwardagent forwardx11 forwardx11trusted forwardx11timeout xauthlocation localforward
    remoteforward dynamicforward clearallforwardings exitonforwardfailure gatewayports
    permitremoteopen streamlocalbindmask streamlocalbindunlink tunnel tunneldevice localcommand
    permitlocalcommand remotecommand requesttty sessiontype stdinnull forkafterauthentication
    escapechar enableescapecommandline controlmaster controlpath controlpersist addkeystoagent
    updatehostkeys stricthostkeychecking nohostauthenticationforlocalhost batchmode
    """
_OWN: Final = """
    connectionattempts serveraliveinterval serveralivecountmax tcpkeepalive
    numberofpasswordprompts compression sendenv setenv loglevel logverbose syslogfacility
    visualhostkey fingerprinthash obscurekeystroketiming warnweakcrypto
    """
# These say how something is done that is named, or resolved into the answer, elsewhere.
_SHADES: Final = """
    canonicalizehostname canonicalizefallbacklocal canonicalizemaxdots canonicaldomains
    canonicalizepermittedcnames ignoreunknown tag proxyusefdpass enablesshkeysign
    hostbasedacceptedalgorithms casignaturealgorithms gssapidelegatecredentials gssapitrustdns
    gssapirenewalforcesrekey gssapikexalgorithms gssapiclientidentity gssapiserveridentity
    """
OVERRIDDEN: Final = frozenset((_NEVER + _OWN + _SHADES).split())

# How the manual page spells what can be named to a person.
_NAMES: Final = """
    BindAddress BindInterface CASignatureAlgorithms CanonicalizeHostname ChannelTimeout CheckHostIP
    Ciphers GSSAPIAuthentication GSSAPIKeyExchange HostbasedAuthentication HostKeyAlgorithms IPQoS
    KexAlgorithms KnownHostsCommand MACs PKCS11Provider PreferredAuthentications ProxyCommand
    ProxyJump PubkeyAcceptedAlgorithms PubkeyAuthentication RefuseConnection RekeyLimit
    SecurityKeyProvider VerifyHostKeyDNS
    """
_SPELLED: Final = MappingProxyType({name.lower(): name for name in _NAMES.split()})


def spelled(keyword: str) -> str:
    """Return `keyword` as the manual page writes it, where that is known."""
    return _SPELLED.get(keyword.lower(), keyword)


def unhonoured(answer: Answer, default: Answer) -> tuple[str, ...]:
    """Name what in `answer` differs from `default` and only the OpenSSH client can honour."""
    keywords = {*answer, *default} - HONOURED - OVERRIDDEN
    differing = (name for name in keywords if answer.get(name) != default.get(name))
    return tuple(sorted(spelled(name) for name in differing))
