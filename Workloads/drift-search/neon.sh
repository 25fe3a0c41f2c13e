#!/usr/bin/env bash
# Compares every variant of CKernels, and plain C, on this machine and on 64-bit ARM under qemu.
#
#     Workloads/drift-search/neon.sh [--sanitize]
#
# Builds variants.c beside this file with clang for x86-64 and for aarch64, warnings being errors,
# and looks into the ARM object for instructions that multiply and add at once. Exits with 1 when two
# hashes of one function differ. With --sanitize it runs on this machine alone, under clang's address
# and undefined-behaviour sanitizers. CLANG names another clang; Swift's own is good. Debian 12 needs
#     apt install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
kernels="$here/../../Sources/CKernels"
clang="${CLANG:-clang}"
flags=(-O2 -std=gnu11 -Wall -Wextra -Werror -I "$kernels/include")
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

require() {
    command -v "$1" >/dev/null || { echo "neon.sh: no $1; $2" >&2; exit 2; }
}

# Fails unless every function has one hash, and says which has more.
compare() {
    sort "$1"
    local different
    different="$(awk '{ print $1, $3 }' "$1" | sort -u | awk '{ print $1 }' | uniq -d)"
    [[ -z "$different" ]] || { echo "hashes differ: $different" >&2; exit 1; }
    echo "all variants agree: $(awk '{ print $2 }' "$1" | sort -u | paste -sd ' ')"
}

require "$clang" "install clang, or set CLANG to its path"
if [[ "${1:-}" == --sanitize ]]; then
    "$clang" "${flags[@]}" -g -fuse-ld=lld -fsanitize=address,undefined \
        -fno-sanitize-recover=all "$kernels/drift.c" "$here/variants.c" -o "$scratch/variants"
    "$scratch/variants" >"$scratch/hashes"
    compare "$scratch/hashes"
    exit
elif [[ $# -gt 0 ]]; then
    echo "usage: neon.sh [--sanitize]" >&2
    exit 2
fi

packages="apt install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static"
for tool in aarch64-linux-gnu-gcc aarch64-linux-gnu-objdump qemu-aarch64-static; do
    require "$tool" "$packages"
done

for source in "$kernels/drift.c" "$here/variants.c"; do
    name="$(basename "$source" .c)"
    "$clang" "${flags[@]}" -c "$source" -o "$scratch/$name.o"
    "$clang" "${flags[@]}" --target=aarch64-linux-gnu -c "$source" -o "$scratch/$name.arm.o"
done
aarch64-linux-gnu-objdump -d "$scratch/drift.arm.o" >"$scratch/listing"
if grep -E '\sfn?(madd|msub|mla|mls)\s' "$scratch/listing"; then
    echo "neon.sh: sums are contracted on ARM; results would differ" >&2
    exit 1
fi
vectors="$(grep -cE '\sfadd\s+v[0-9]+\.4s' "$scratch/listing")" || {
    echo "neon.sh: there are no vectors in the code for ARM" >&2
    exit 1
}
echo "ARM: $vectors additions of vectors, none of them with a multiplication"

"$clang" "$scratch/drift.o" "$scratch/variants.o" -o "$scratch/variants"
aarch64-linux-gnu-gcc -static "$scratch/drift.arm.o" "$scratch/variants.arm.o" \
    -o "$scratch/variants.arm"
"$scratch/variants" >"$scratch/hashes"
qemu-aarch64-static "$scratch/variants.arm" | sed 's/ reference / reference-on-ARM /' \
    >>"$scratch/hashes"
grep -q ' neon ' "$scratch/hashes" || { echo "neon.sh: no neon variant ran" >&2; exit 1; }
compare "$scratch/hashes"
