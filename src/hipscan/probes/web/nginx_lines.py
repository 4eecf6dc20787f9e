r"""nginx's grammar: read on the target into one line a directive, and back into blocks here.

The lexer runs on the host because only it can tell a directive from a piece of Lua or the key
of a map: what no rule asks for stays there, with whatever secrets it holds. `LEX` follows
ngx_conf_read_token: quotes and `#` count at the start of a word only, `${name}` is no block.
For this file

    server {                       # the clinic
        listen 443 ssl; proxy_set_header Authorization "Bearer s3cret";
        return 301 "https://$host$request_uri";
    }

it prints, with tabs between the words,

    F/etc/nginx/sites-enabled/clinic
    :1  {  server
    :2  ;  listen  443  ssl
    :3  ;  return  301  https
    :4  }
"""

from fnmatch import fnmatchcase
from typing import Final

from hipscan.probes.web.directives import Directive, Files, read_directives

LEX: Final = r"""
lex() { awk '
function push() { if (inside) { if (!n) start = line; w[n++] = word; word = ""; inside = 0 } }
function join(   i, out) { for (i = 1; i < n; i++) { gsub(/\t/, " ", w[i]); out = out "\t" w[i] }
  return out }
function put(text) { print ":" start "\t" mark "\t" w[0] text }
function emit(   name, target) {
  if (!n) { if (mark == "{") { start = line; w[0] = "?"; put("") }; return }
  name = w[0]; target = w[n - 1]
  if (name ~ /^(listen|server_name|include|http2)$/) put(join())
  else if (name ~ /^ssl(_protocols|_ciphers|_verify_client|_reject_handshake)?$/) put(join())
  else if (name == "ssl_certificate") put(target ~ /^data:/ ? "" : "\t" target)
  else if (name == "add_header")
    put(tolower(w[1]) == "strict-transport-security" ? join() : "")
  else if (name == "return")
    put("\t" (w[1] ~ /^[0-9]+$/ ? w[1] : "302") "\t" (target ~ /^https:/ ? "https" : "other"))
  else if (name == "rewrite")
    put("\t" (w[2] ~ /^https:/ && w[1] ~ /^\^?\/?\(?\/?(\.\*)?\)?\$?$/ ? "https" : "other"))
  else if (name == "location")
    put("\t" (target ~ /\/\.well-known/ ? "proof" : target == "/" && w[1] != "=" ? "/" : "other"))
  else if (name == "if")
    put("\t" (join() ~ /\$(scheme|https|server_port|ssl_protocol)/ ? "scheme" : "other"))
  else if (name ~ /_pass$/ || mark == "{") put("")
}
function finish(how) { push(); mark = how; emit(); n = 0 }
/^F/ { n = word = inside = quote = line = lua = 0; word = quote = ""; print; next }
!/^:/ { print; next }
{
  line++; rest = substr($0, 2)
  while (rest != "") {
    if (lua) {
      if (!match(rest, /[{}]/)) { rest = ""; break }
      c = substr(rest, RSTART, 1); rest = substr(rest, RSTART + 1)
      lua += c == "{" ? 1 : -1
      if (!lua) { start = line; print ":" line "\t}" }
      continue
    }
    if (quote != "") {
      if (!match(rest, /["\047\\]/)) { word = word rest; rest = ""; break }
      word = word substr(rest, 1, RSTART - 1)
      c = substr(rest, RSTART, 1); rest = substr(rest, RSTART + 1)
      if (c == "\\") { word = word c substr(rest, 1, 1); rest = substr(rest, 2) }
      else if (c == quote) { quote = ""; push() }
      else word = word c
      continue
    }
    if (!match(rest, /[ \t\r;{}#"\047\\]/)) { word = word rest; inside = 1; rest = ""; break }
    if (RSTART > 1) { word = word substr(rest, 1, RSTART - 1); inside = 1 }
    c = substr(rest, RSTART, 1); rest = substr(rest, RSTART + 1)
    if (c ~ /[ \t\r]/) push()
    else if (c == ";") finish(";")
    else if (c == "{" && inside && word ~ /\$$/) word = word c
    else if (c == "{") { lua = (n ? w[0] : word) ~ /_by_lua_block$/; finish("{") }
    else if (c == "}" && !inside) { n = 0; print ":" line "\t}" }
    else if (c == "#" && !inside) rest = ""
    else if (c ~ /["\047]/ && !inside) { quote = c; inside = 1 }
    else if (c == "\\") { word = word c substr(rest, 1, 1); rest = substr(rest, 2); inside = 1 }
    else word = word c
  }
  if (quote != "") word = word " "; else push()
}'; }
"""

_DEPTH: Final = 10  # of includes in one another


def read_tree(main: str, files: Files) -> Directive:
    """Return the whole configuration as one block, includes in their places."""
    root = Directive("main", (), main, 0)
    _fill([root], main, files, 0)
    return root


def _fill(open_blocks: list[Directive], path: str, files: Files, depth: int) -> None:
    """Append what a file says to the innermost open block; a file closes only its own blocks."""
    floor = len(open_blocks)
    for mark, directive in read_directives(path, files[path]):
        if mark == "}":
            if len(open_blocks) > floor:
                open_blocks.pop()
        elif directive.name == "include" and mark == ";":
            for each in included(directive, path_of=main_folder(open_blocks[0].file), files=files):
                if depth < _DEPTH:
                    _fill(open_blocks, each, files, depth + 1)
        else:
            open_blocks[-1].block.append(directive)
            if mark == "{":
                open_blocks.append(directive)
    del open_blocks[floor:]


def main_folder(path: str) -> str:
    """Return the folder that relative includes start from: that of nginx.conf."""
    return path.rpartition("/")[0]


def included(directive: Directive, *, path_of: str, files: Files) -> list[str]:
    """Return the files that an include names, in glob(3)'s order."""
    pattern = "".join(directive.arguments[:1])
    whole = pattern if pattern.startswith("/") else f"{path_of}/{pattern}"
    depth = whole.count("/")
    near = (path for path in files if path.count("/") == depth)
    return sorted(path for path in near if path == whole or fnmatchcase(path, whole))
