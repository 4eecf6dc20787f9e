r"""Apache httpd's grammar: read on the target into one line a directive, then into blocks here.

Lines end with a backslash to go on, `#` counts at the start of a line only, names have no case.
Of what no rule asks for only the tags leave the host; of a redirect or a rewrite only whether
it leads to https and for which pages; of a variable its value only where that is a port, an
address, a protocol or a path. For this file

    <VirtualHost *:80>
        SetEnv DB_PASSWORD s3cret
        Redirect permanent / https://clinic.example/
    </VirtualHost>

`LEX` prints, with tabs between the words,

    F/etc/apache2/sites-enabled/clinic.conf
    :1  {  virtualhost  *:80
    :3  ;  redirect  https  /
    :4  }
"""

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from hipscan.probes.web.directives import Directive, Files, read_directives

LEX: Final = r"""
lex() { awk '
function put(mark, text) { print ":" start "\t" mark "\t" name (text == "" ? "" : "\t" text) }
function directive(   part, n, i, value) {
  if (name ~ /^(listen|serverroot|servername|serveralias|include|includeoptional)$/)
    put(";", rest)
  else if (name == "use") put(";", "")
  else if (name ~ /^ssl(engine|protocol|ciphersuite|compression|certificatefile)$/) put(";", rest)
  else if (name == "sslinsecurerenegotiation") put(";", rest)
  else if (name ~ /^(define|undefine)$/) {
    n = split(rest, part, / +/); value = part[2]
    for (i = 3; i <= n; i++) value = value " " part[i]
    gsub(/["\047]/, "", value)
    put(";", part[1] (name == "define" && harmless(part[1], value) ? "\t" value : ""))
  }
  else if (name == "loadmodule") { sub(/[ \t]+[^ \t]*\//, " ", rest); put(";", rest) }
  else if (name == "header" && tolower(rest) ~ /strict-transport-security/) put(";", rest)
  else if (name ~ /^redirect(match|permanent|temp)?$/) redirect()
  else if (name == "rewriteengine") put(";", tolower(rest))
  else if (name == "rewritecond") {
    if (rest !~ /HTTPS|SERVER_(PORT|NAME)|REQUEST_SCHEME|HTTP_HOST|well-known|-[Pp]roto/) narrow = 1
  } else if (name == "rewriterule") {
    gsub(/["\047]/, "", rest); split(rest, part, / +/)
    put(";", !narrow && part[1] ~ all && tolower(part[2]) ~ /^https:/ ? "https" : "other")
    narrow = 0
  }
}
# Where a redirect leads, and of which pages: all, or other ones.
function redirect(   part, n, at, word, path) {
  word = rest; gsub(/["\047]/, "", word); n = split(word, part, / +/)
  at = part[1] ~ /^([0-9]+|permanent|temp|seeother|gone)$/ ? 2 : 1
  path = at < n || part[at] !~ /:/ ? part[at] : "/"
  word = part[1] ~ /^(gone|4[0-9]+)$/ ? "refused" : tolower(part[n]) ~ /^https:/ ? "https" : "other"
  put(";", word "\t" (path == "/" || (name == "redirectmatch" && path ~ all) ? "/" : "other"))
}
# Whether the value of a variable may leave the host: a port, addresses, protocols, a path.
function harmless(key, value) {
  if (tolower(key) ~ /pass|secret|key|token|pin/) return 0
  return value ~ /^([0-9.]+|\*|\[[0-9a-f:]+\])(:[0-9]+)?$/ || value ~ /^\/[A-Za-z0-9_.\/-]*$/ ||
    tolower(value) " " ~ /^([-+]?(all|tlsv1(\.[0-3])?|sslv[23]) )+$/
}
BEGIN { all = "^\\^?/?[?]?[(]?/?(\\.[*+])?[)]?[$]?$" }
/^F/ { line = narrow = 0; held = ""; print; next }
!/^:/ { print; next }
{
  line++
  if (held == "") start = line
  text = substr($0, 2); sub(/\r$/, "", text)
  if (text ~ /\\$/) { held = held substr(text, 1, length(text) - 1) " "; next }
  text = held text; held = ""
  gsub(/\t/, " ", text); sub(/^ +/, "", text); sub(/ +$/, "", text)
  if (text == "" || text ~ /^#/) next
  if (text ~ /^<\//) { print ":" start "\t}"; next }
  mark = text ~ /^</ ? "{" : ";"
  if (mark == "{") { sub(/^< */, "", text); sub(/ *>$/, "", text) }
  match(text, /^[^ ]+/); name = tolower(substr(text, 1, RLENGTH))
  rest = substr(text, RLENGTH + 1); sub(/^ +/, "", rest)
  if (mark == ";") directive()
  else if (name ~ /^(virtualhost|ifmodule|ifdefine|iffile)$/) put("{", rest)
  else if (name == "location") put("{", rest ~ /^["\047]?\/["\047]?$/ ? "/" : "other")
  else if (name ~ /^(if|elseif)$/)
    put("{", rest ~ /HTTPS|REQUEST_SCHEME|SERVER_PORT/ ? "scheme" : "other")
  else put("{", "")
}'; }
"""

# Compiled in on Debian and RHEL (`apachectl -l`).
_BUILT_IN: Final = frozenset(
    {"core", "so", "http_core", "log_config", "logio", "version", "unixd", "watchdog"}
)
_WORD: Final = re.compile(r"\"((?:\\.|[^\"\\])*)\"|'((?:\\.|[^'\\])*)'|(\S+)")
_DEPTH: Final = 10
_VARIABLE: Final = re.compile(r"\$\{(\w+)\}")
_NAMING: Final = frozenset({"servername", "serveralias", "sslcertificatefile", "header"})
_TRANSPARENT: Final = frozenset({"ifmodule", "ifdefine", "iffile", "ifversion", "ifdirective"})


def words(text: str) -> list[str]:
    """Split arguments at blanks; quotes keep them together and vanish."""
    return [match[1] or match[2] or match[3] or "" for match in _WORD.finditer(text)]


@dataclass(slots=True)
class Tree:
    """A configuration that is being put together: `main` is its outermost block."""

    files: Files
    root: str  # ServerRoot, where relative includes start
    main: Directive
    modules: set[str] = field(default_factory=lambda: set(_BUILT_IN))
    defined: dict[str, str | None] = field(default_factory=dict)
    macros: bool = False  # mod_macro is used, and may make hosts that are not seen
    unknown: str = ""  # a variable whose value is not known, where it matters

    def read(self, path: str, blocks: list[Directive], depth: int = 0) -> None:
        """Add what a file says to the innermost block."""
        floor, skipping = len(blocks), 0
        for mark, directive in read_directives(path, self.files.get(path, ())):
            if skipping:
                skipping += {"{": 1, "}": -1}.get(mark, 0)
            elif mark == "}":
                if len(blocks) > floor:
                    blocks.pop()
            elif mark == "{" and not self._enters(directive, blocks):
                skipping = 1
            elif mark == ";":
                self._take(directive, blocks, depth)
        del blocks[floor:]

    def _enters(self, directive: Directive, blocks: list[Directive]) -> bool:
        if directive.name == "macro":
            self.macros = True
            return False
        if directive.name in _TRANSPARENT:
            if not self._holds(directive):
                return False
            blocks.append(blocks[-1])
            return True
        if directive.name == "virtualhost":
            given = tuple(self._spelt(each, "virtualhost") for each in directive.arguments)
            directive = Directive(directive.name, given, directive.file, directive.line)
        blocks[-1].block.append(directive)
        blocks.append(directive)
        return True

    def _spelt(self, text: str, name: str) -> str:
        """Replace `${VARIABLE}` by what Define says; of names its value may be unknown."""

        def value(found: re.Match[str]) -> str:
            known = self.defined.get(found[1])
            if known is None and name not in _NAMING:
                self.unknown = self.unknown or found[1]
            return found[0] if known is None else known

        return _VARIABLE.sub(value, text)

    def _holds(self, directive: Directive) -> bool:
        """Decide a condition; what only the running server knows is taken as true."""
        test = "".join(directive.arguments).strip("\"' ")
        name = test.removeprefix("!")
        match directive.name:
            case "ifmodule":
                plain = name.removeprefix("mod_").removesuffix(".c").removesuffix("_module")
                return (plain in self.modules) != test.startswith("!")
            case "ifdefine":
                return (name in self.defined) != test.startswith("!")
            case _:
                return True

    def _take(self, directive: Directive, blocks: list[Directive], depth: int) -> None:
        given = [self._spelt(word, directive.name) for word in words(" ".join(directive.arguments))]
        match directive.name, given:
            case (("include" | "includeoptional"), [pattern, *_]):
                for path in self._included(pattern):
                    if depth < _DEPTH:
                        self.read(path, blocks, depth + 1)
            case "loadmodule", [name, *_]:
                self.modules.add(name.removesuffix("_module"))
            case "define", _:
                name, *value = directive.arguments or ("",)
                self.defined[name] = value[0] if value else None
            case "undefine", [name, *_]:
                self.defined.pop(name, None)
            case "use", _:
                self.macros = True
            case _:
                taken = Directive(directive.name, tuple(given), directive.file, directive.line)
                blocks[-1].block.append(taken)

    def _included(self, pattern: str) -> list[str]:
        whole = pattern if pattern.startswith("/") else f"{self.root}/{pattern}"
        whole = whole.rstrip("/")
        below = f"{whole}/"
        found = [path for path in self.files if path == whole or path.startswith(below)]
        depth = whole.count("/")
        near = (path for path in self.files if path.count("/") == depth)
        return sorted(found or (path for path in near if fnmatchcase(path, whole)))


def read_tree(main: str, root: str, files: Files) -> Tree:
    """Return the configuration that starts in the file `main`."""
    tree = Tree(files, root, Directive("main", (), main, 0))
    tree.read(main, [tree.main])
    return tree
