#!/usr/bin/env bash
# install_test.sh STEP TREE SOURCE BUILD CMAKE COMPILER: one step of the install tests; TREE is the
# folder that they share, TREE/prefix the installation.
set -euo pipefail
step=$1 tree=$2 source=$3 build=$4 cmake=$5 compiler=$6
prefix=$tree/prefix

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

case $step in
  prefix)
    rm -rf "$tree"
    "$cmake" --install "$build" --prefix "$prefix"
    ;;

  # Installed headers ask for no library but the standard one, and compile where nothing else of
  # normlab is. A header with a source file is that file's first include, so the build itself shows
  # that it stands alone; the others are tried here one by one.
  headers)
    mapfile -t headers < <(cd "$prefix/include" && find normlab -name '*.h' | sort)
    [ ${#headers[@]} -ge 20 ] || fail "only ${#headers[@]} headers are installed"
    foreign=$(cd "$prefix/include" && grep -nE '#include (<[^>]*[./]|"(normlab/cli|.*-inl))' \
      -r normlab || true)
    [ -z "$foreign" ] || fail "installed headers include what is not installed:" "$foreign"
    try() {
      printf '#include "%s"\n' "$@" | "$compiler" -std=c++20 -fsyntax-only -Wall -Wextra -Wpedantic \
        -Werror -I "$prefix/include" -x c++ - || fail "these do not compile by themselves: $*"
    }
    try "${headers[@]}"
    for header in "${headers[@]}"; do
      [ -e "$source/src/${header%.h}.cc" ] || try "$header"
    done
    echo "${#headers[@]} headers compile"
    ;;

  # The example is copied away from the checkout, finds normlab in the prefix, learns its task.
  example)
    rm -rf "$tree/example"
    cp -r "$source/examples" "$tree/example"
    lines=$(wc -l <"$tree/example/stripes.cc")
    [ "$lines" -lt 60 ] || fail "stripes.cc has grown to $lines lines; it is meant to stay under 60"
    "$cmake" -S "$tree/example" -B "$tree/example/build" -DCMAKE_PREFIX_PATH="$prefix" \
      -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Release
    grep -q "^normlab_DIR:PATH=$prefix/" "$tree/example/build/CMakeCache.txt" ||
      fail "the example found another normlab than the one in $prefix"
    "$cmake" --build "$tree/example/build"
    output=$("$tree/example/build/stripes")
    echo "$output"
    # Guessing gets 50 % of the two classes right.
    echo "$output" | awk '{accuracy = $(NF - 6)} END {exit !(NR == 5 && accuracy >= 95)}' ||
      fail "the example did not learn its task in 5 epochs"
    ;;

  # The installed program finds its models from any folder.
  program)
    cd /
    for norm in "bn BN" "gn GN --groups 4"; do
      read -r name flags <<<"$norm"
      "$prefix/bin/normlab" summary --norm $flags | diff - "$source/tests/data/summary-$name.txt" ||
        fail "normlab summary --norm $flags printed something else than summary-$name.txt"
    done
    "$prefix/bin/normlab" info
    ;;

  *) fail "no such step: $step" ;;
esac
