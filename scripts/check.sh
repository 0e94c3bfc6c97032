#!/usr/bin/env bash
# check.sh BUILD [JOBS]: the format of every source file, clang-tidy's short list (.clang-tidy) over
# those that BUILD/compile_commands.json compiles, and the links of the documentation. Fails at the
# first kind that finds something.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
jobs=${2:-$(nproc)}

find src tests bench examples -name '*.h' -o -name '*.cc' | sort >"$build/sources.txt"
xargs clang-format-14 --dry-run -Werror <"$build/sources.txt" ||
  { echo "check: not formatted; mend it with: xargs clang-format-14 -i <$build/sources.txt" >&2; exit 1; }
echo "clang-format: $(wc -l <"$build/sources.txt") files are formatted"

# Every file is read by itself, so that one that misses an include is found here, and not only when
# the files that a build joins change. Tests and benchmarks are left out: GoogleTest's macros trip half
# of the list.
grep '^src/.*\.cc$' "$build/sources.txt" >"$build/tidy.txt"
cmake --build "$build" --target normlab-build-info normlab-shipped-files >/dev/null
# clang-tidy counts the warnings of system headers on stderr; what it found in ours is on stdout.
xargs -P "$jobs" -n 1 clang-tidy-14 -p "$build" --quiet 2>"$build/tidy.log" <"$build/tidy.txt" ||
  { grep -v 'warnings\? generated' "$build/tidy.log" >&2 || true; exit 1; }
echo "clang-tidy: $(wc -l <"$build/tidy.txt") files are clean"

broken=$(for page in README.md docs/*.md docs/*/*.md; do
  { awk '/^```/ { in_code = !in_code; next } !in_code' "$page" |  # a lambda looks like a link
    grep -oE '\]\([^)]+\)|src="[^"]+"' || true; } |
    sed -E 's/^\]\(|^src="|[)"]$|#.*//g' | sort -u | while read -r target; do
    case $target in http://* | https://* | "") continue ;; esac
    [ -e "$(dirname "$page")/$target" ] || echo "$page: no such file: $target"
  done
done)
[ -z "$broken" ] || { echo "$broken" >&2; exit 1; }
echo "links: every page's lead somewhere"
