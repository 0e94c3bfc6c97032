#!/usr/bin/env bash
# check.sh BUILD [JOBS]: the format of every source file, clang-tidy's short list (.clang-tidy) over
# those that BUILD/compile_commands.json compiles, whether the kernels compile for 64-bit ARM, and the
# links of the documentation. Fails at the first kind that finds something.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
jobs=${2:-$(nproc)}

find src tests bench examples -name '*.h' -o -name '*.cc' | sort >"$build/sources.txt"
xargs -d '\n' clang-format-14 --dry-run -Werror <"$build/sources.txt" ||
  { echo "check: not formatted; mend it with: xargs clang-format-14 -i <$build/sources.txt" >&2; exit 1; }
echo "clang-format: $(wc -l <"$build/sources.txt") files are formatted"

# What the build compiles of src: its joined files (a unity build), and the kernels and norms one by
# one. Tests and benchmarks are left out: GoogleTest's macros trip half of the list.
cmake --build "$build" --target normlab-build-info normlab-shipped-files >/dev/null
sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' "$build/compile_commands.json" |
  sed "s|^$PWD/||" | grep -vE '(^|/)(tests|bench)/' | sort >"$build/tidy.txt"
# clang-tidy counts the warnings of system headers on stderr; what it found in ours is on stdout.
xargs -d '\n' -P "$jobs" -n 1 clang-tidy-14 -p "$build" --quiet 2>"$build/tidy.log" <"$build/tidy.txt" ||
  { grep -v 'warnings\? generated' "$build/tidy.log" >&2 || true; exit 1; }

# Each file that is joined with others is read by itself too: one that misses an include would not
# compile where another file comes before it, and nowhere at all in the developers' builds.
grep Unity "$build/tidy.txt" | xargs -d '\n' sed -n 's/^#include "\(.*\)"$/\1/p' >"$build/joined.txt"
xargs -d '\n' -P "$jobs" -n 1 clang++-14 -fsyntax-only -std=c++20 -w -Isrc -I"$build/src/normlab/experiment" \
  <"$build/joined.txt"
echo "clang-tidy: $(grep -c . "$build/joined.txt") joined files and $(grep -vc Unity "$build/tidy.txt") others are clean"

# GCC refuses for NEON what it compiles for x86, where Highway's vectors are plainer types. Whether the
# bits are the same there is for `make neon`, which takes longer.
targets=$(sed -n 's/.*"\(HWY_DISABLED_TARGETS=[^"]*\)".*/\1/p' cmake/KernelOptions.cmake)
find src/normlab/kernels src/normlab/nn/norms -name '*.cc' | sort >"$build/kernels.txt"
xargs -P "$jobs" -I{} aarch64-linux-gnu-g++ -std=c++20 -O1 -ffp-contract=off -Isrc -idirafter /usr/include \
  -DHWY_SHARED_DEFINE "-D$targets" -c {} -o /dev/null <"$build/kernels.txt"
echo "NEON: $(wc -l <"$build/kernels.txt") kernels compile"

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
