r"""The shell that looks into what the walk saw of packages of Python, Node.js and Java.

`LANGUAGE_FILES` are the names that the walk looks for; `languages` takes the paths of those that
fit, in `$langs`, one a line. Whose they are is asked of dpkg, rpm or apk for all at once. What the
distribution owns in its own folders goes no further. Of the others one grep reads the lines with
names and versions, and another the ends of archives: a zip has the names of its members there in
clear, so that `META-INF/maven/GROUP/ARTIFACT/pom.properties` and the jars inside of a war are seen
without unpacking. Only a jar whose name does not tell enough is asked for the properties
themselves, and what jars inside of a few others have for poms.

    Olibreoffice-common /usr/lib/libreoffice/share/x.jar     owned outside of the usual folders
    F/opt/app/lib/python3.11/site-packages/requests-2.25.0.dist-info/METADATA
    :Name: requests
    :Version: 2.25.0
    F/opt/web/node_modules/lodash/package.json
    :  "name": "lodash",
    :  "version": "4.17.15",
    F/opt/web/lib/log4j-core-2.14.1.jar
    :mMETA-INF/maven/org.apache.logging.log4j/log4j-core/pom.properties
    :pversion=2.14.1
    :nMETA-INF/maven/GROUP/ARTIFACT/pom.properties           in a jar inside of it
"""

from typing import Final

MOST: Final = 20_000
_MOST_ARCHIVES: Final = 1000
_MOST_UNPACKED: Final = 40
_MOST_OPENED: Final = 2

LANGUAGE_FILES: Final = (
    *("METADATA", "PKG-INFO", "*.egg-info", "vendor.txt", "vendored.txt", "package.json"),
    *("*.jar", "*.war", "*.ear"),
)

# Which of the files with such names are not what they look like, or only kept for later (uv).
UNFIT: Final = r"""
  /^l.*\/\.cache\/uv\// { next }
  /^l.*\/package\.json$/ && !/\/node_modules\/(@[^\/]+\/)?[^\/@.][^\/]*\/package\.json$/ { next }
  /^l.*\/METADATA$/ && !/\.dist-info\/METADATA$/ { next }
  /^l.*\/PKG-INFO$/ && !/(\.egg-info|\/EGG-INFO)\/PKG-INFO$/ { next }
  /^l.*\/vendor(ed)?\.txt$/ && !/\/_vendor\/vendor(ed)?\.txt$/ { next }
"""

# Folders of packages that the distributions themselves fill.
_DISTRIBUTIONS: Final = (
    r"^\/usr\/(share\/(nodejs|npm|java|javascript|maven-repo|python-wheels)"
    r"|lib(64)?\/(jvm|(python[23](\.[0-9]+)?|pypy3?)\/(dist|site)-packages))\/"
)

# The lines of METADATA and PKG-INFO, of package.json however it is laid out, of vendor.txt.
LINES: Final = (
    "^(Name|Version):"
    '|^[[:space:],{]{0,8}"(name|version)"[[:space:]]*:'
    '|^[^"]{0,4}[{].*"(name|version)"'
    "|^[[:space:]]*[A-Za-z0-9._-]+==[0-9]"
)
_POM: Final = r"META-INF/maven/[A-Za-z0-9._-]+/[A-Za-z0-9._-]+/pom\.properties"
# The names of members in the directory at the end of a zip.
_MEMBERS: Final = (
    rf"^==> .* <==$|^!cut$|{_POM}"
    r"|(WEB-INF|BOOT-INF|APP-INF)/lib/[A-Za-z0-9._+~-]+\.jar|^lib/[A-Za-z0-9._+~-]+\.jar"
)

LANGUAGES: Final = (
    r"""
short() { note languages "$1"; }

# Print the owner and the path of files that packages of dpkg, rpm or apk own.
owners() {
  set +f
  set -- /var/lib/dpkg/info/*.list
  set -f
  if [ -e "$1" ]; then
    printf '%s\n' "$langs" | awk '{ print } sub(/^\/usr\//, "/")' | grep -FxH -f - "$@" |
      sed -e 's|^/var/lib/dpkg/info/\([^/:]*\)[^/]*\.list:/|\1 /|'
    return
  fi
  for db in /lib/apk/db/installed /usr/lib/apk/db/installed; do
    [ -s "$db" ] || continue
    awk '
      /^P:/ { name = substr($0, 3) }
      /^F:/ { folder = substr($0, 3) }
      /^R:/ { print name " /" folder "/" substr($0, 3) }' "$db"
    return
  done
  if { [ -d /var/lib/rpm ] || [ -d /usr/lib/sysimage/rpm ]; } && command -v rpm >/dev/null &&
    [ -z "$(as_nobody true)" ]; then
    names=$(printf '%s\n' "$langs" | tr '\n' '\0' | as_nobody xargs -0 rpm -qf --qf 'o%{NAME}\n' |
      awk 'sub(/^o/, "") && !($0 in seen) { seen[$0] = 1; print } END { if (!NR) print "!" }')
    case $names in
      '') return ;;
      '!') ;;
      *)
        printf '%s\n' "$names" | tr '\n' '\0' |
          as_nobody xargs -0 rpm -q --qf '[%{=NAME} %{FILENAMES}\n]'
        return ;;
    esac
  fi
  printf '!\n'
}

# Print F and the path before the lines of each file; input: the paths, "=", PATH:LINE.
by_file() { awk '
  !behind && $0 == "=" { behind = 1; next }
  !behind { known[$0] = 1; next }
  /^!/ { print; next }
  {
    for (n = 0; (i = index(substr($0, n + 1), ":")) > 0;) {
      n += i
      path = substr($0, 1, n - 1)
      if (!(path in known)) continue
      if (path != last) print "F" path
      last = path; seen[path] = 1
      print ":" substr($0, n + 1, 2000)
      break
    }
  }
  END { for (path in known) if (!(path in seen)) print "F" path }'; }

# Print the names inside of archives, z before the archives that have to be unpacked for more, and y
# before those that have jars inside.
by_archive() { awk '
  function finish() { if (poms > fitting) print "z" path; if (jars) print "y" path }
  !behind && $0 == "=" { behind = 1; next }
  !behind { known[$0] = 1; next }
  $0 == "!cut" { print "!languages reading archives took 4 s"; next }
  /^==> .* <==$/ && substr($0, 5, length($0) - 8) in known {
    finish()
    path = substr($0, 5, length($0) - 8); count = poms = fitting = jars = 0
    file = path; sub(/.*\//, "", file); sub(/\.[jwe]ar$/, "", file)
    print "F" path
    next
  }
  path == "" || (path SUBSEP $0) in seen { next }
  ++count > 500 { if (count == 501) print "!languages more than 500 names in " path; next }
  {
    seen[path, $0] = 1
    print ":m" $0
    if (!/^META-INF/) { jars++; next }
    split($0, part, "/"); poms++
    if (index(file, part[4] "-") == 1 && substr(file, length(part[4]) + 2) ~ /^[0-9]/) fitting++
  }
  END { finish() }'; }

# Print what archives say of themselves and of those that they were made of.
unpack() {
  command -v unzip >/dev/null || return
  [ "$(printf '%s\n' "$1" | grep -c .)" -le @UNPACKED@ ] ||
    short "more than @UNPACKED@ archives that only their contents explain"
  # shellcheck disable=SC2016  # for the shell inside
  printf '%s\n' "$1" | head -n @UNPACKED@ | tr '\n' '\0' | $brief xargs -0 sh -c '
    for file; do
      printf "F%s\n" "$file"
      unzip -p "$file" "META-INF/maven/*/*/pom.properties" </dev/null | head -c 65536 |
        sed -n "s/^\(groupId\|artifactId\|version\)=/:p&/p"
    done' sh
  [ $? -lt 124 ] || short "unpacking archives took 4 s"
}

# Print the names of the poms inside of the jars that are inside of archives.
unpack_jars() {
  command -v unzip >/dev/null || return
  # shellcheck disable=SC2016  # for the shell inside
  printf '%s\n' "$1" | head -n @OPENED@ | tr '\n' '\0' | $brief xargs -0 sh -c '
    for file; do
      printf "F%s\n" "$file"
      unzip -p "$file" "*.jar" </dev/null | head -c 67108864 | tr "\0" "\n" |
        grep -aoE "@POM@" | sort -u | sed "s/^/:n/"
    done' sh
}

# Print which of the files belong to packages that are not in the folders of the distribution: O,
# the owner and the path; and every path that is looked into.
sort_out() { awk '
  !behind && $0 == "=" { behind = 1; next }
  !behind {
    path[++n] = $0; wanted[$0] = 1
    if (sub(/^\/usr\//, "/")) wanted[$0] = 1
    next
  }
  { at = index($0, " "); name = substr($0, at + 1) }
  name in wanted { owner[name] = substr($0, 1, at - 1) }
  END {
    if (n > @MOST@) print "!languages more than @MOST@ files of packages of languages"
    for (i = 1; i <= n && i <= @MOST@; i++) {
      twin = path[i]; sub(/^\/usr\//, "/", twin)
      whose = path[i] in owner ? owner[path[i]] : owner[twin]
      if (whose != "" && path[i] ~ /@DISTRIBUTIONS@/) continue
      if (whose != "") print "O" whose " " path[i]
      print path[i]
    }
  }'; }

languages() {
  brief=${limit:+timeout${NL}4}
  whose=$(owners)
  [ "$whose" != '!' ] || short "no package manager tells whose packages of languages are"
  sorted=$(printf '%s\n' "$langs" = "$whose" | sort_out)
  case $NL$sorted in *"$NL"[O!]*) printf '%s\n' "$sorted" | grep '^[O!]' ;; esac
  texts=$(printf '%s\n' "$sorted" | grep '^/' | grep -v '\.[jwe]ar$')
  if [ -n "$texts" ]; then
    {
      printf '%s\n' "$texts" =
      # shellcheck disable=SC2086  # two words
      printf '%s\n' "$texts" | tr '\n' '\0' | $brief xargs -0 grep -asHE '@LINES@'
      [ $? -lt 124 ] || short "reading packages of languages took 4 s"
    } | by_file
  fi
  # What Maven has fetched is named by its path.
  printf '%s\n' "$sorted" | sed -n 's|^/.*/\.m2/repository/.*\.[jwe]ar$|F&|p'
  zips=$(printf '%s\n' "$sorted" | grep '^/.*\.[jwe]ar$' | grep -v '/\.m2/repository/')
  if [ -n "$zips" ]; then
    [ "$(printf '%s\n' "$zips" | grep -c .)" -le @ARCHIVES@ ] ||
      short "more than @ARCHIVES@ archives"
    zips=$(printf '%s\n' "$zips" | head -n @ARCHIVES@)
    named=$({
      printf '%s\n' "$zips" =
      { # shellcheck disable=SC2086  # two words
        printf '%s\n' "$zips" | tr '\n' '\0' | $brief xargs -0 tail -v -c 262144
        [ $? -lt 124 ] || printf '\n!cut\n'
      } | tr '\0' '\n' | grep -aoE '@MEMBERS@'
    } | by_archive)
    printf '%s\n' "$named" | grep -v '^[yz]'
    case $NL$named in *"${NL}y"*) unpack_jars "$(printf '%s\n' "$named" | sed -n 's/^y//p')" ;; esac
    case $NL$named in *"${NL}z"*) unpack "$(printf '%s\n' "$named" | sed -n 's/^z//p')" ;; esac
  fi
}
""".replace("@DISTRIBUTIONS@", _DISTRIBUTIONS)
    .replace("@LINES@", LINES)
    .replace("@MEMBERS@", _MEMBERS)
    .replace("@POM@", _POM)
    .replace("@OPENED@", str(_MOST_OPENED))
    .replace("@ARCHIVES@", str(_MOST_ARCHIVES))
    .replace("@MOST@", str(MOST))
    .replace("@UNPACKED@", str(_MOST_UNPACKED))
)
