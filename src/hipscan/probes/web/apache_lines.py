r"""Apache httpd's grammar: read on the target into one line a directive, then into blocks here.

Lines end with a backslash to go on, `#` counts at the start of a line only, names have no case.
Of what no rule asks for only the tags leave the host; of a redirect or a rewrite only whether
it leads to https. For this file

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
function directive(   target) {
  if (name ~ /^(listen|serverroot|servername|serveralias|include|includeoptional)$/)
    put(";", rest)
  else if (name == "use") put(";", "")
  else if (name ~ /^ssl(engine|protocol|ciphersuite|compression|certificatefile)$/) put(";", rest)
  else if (name == "sslinsecurerenegotiation") put(";", rest)
  else if (name ~ /^(define|undefine)$/) { sub(/[ \t].*/, "", rest); put(";", rest) }
  else if (name == "loadmodule") { sub(/[ \t]+[^ \t]*\//, " ", rest); put(";", rest) }
  else if (name == "header" && tolower(rest) ~ /strict-transport-security/) put(";", rest)
  else if (name ~ /^redirect(match|permanent|temp)?$/) {
    target = rest ~ /[ \t]["\047]?\/["\047]?[ \t]/ || rest ~ /^["\047]?\/["\047]?[ \t]/ ||
      name == "redirectmatch" ? "/" : "other"
    put(";", (tolower(rest) ~ /[ \t]["\047]?https:\/\// ? "https" : "other") "\t" target)
  } else if (name == "rewriterule")
    put(";", tolower(rest) ~ /[ \t]["\047]?https:\/\// ? "https" : "other")
}
/^F/ { line = 0; held = ""; print; next }
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
    defined: set[str] = field(default_factory=set)
    macros: bool = False  # mod_macro is used, and may make hosts that are not seen

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
        blocks[-1].block.append(directive)
        blocks.append(directive)
        return True

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
        given = words(" ".join(directive.arguments))
        match directive.name, given:
            case (("include" | "includeoptional"), [pattern, *_]):
                for path in self._included(pattern):
                    if depth < _DEPTH:
                        self.read(path, blocks, depth + 1)
            case "loadmodule", [name, *_]:
                self.modules.add(name.removesuffix("_module"))
            case "define", [name, *_]:
                self.defined.add(name)
            case "undefine", [name, *_]:
                self.defined.discard(name)
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
