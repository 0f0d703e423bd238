#!/usr/bin/env bash
# Lints the contracts and generates pkg/rpc/gen from them.
#
#   proto/generate.sh           write the generated code
#   proto/generate.sh --lint    lint the contracts only
#   proto/generate.sh --check   fail if the committed code is not what would be written
#   proto/generate.sh --web     the same for web/src/gen, with or without --check;
#                               needs the packages of web/ to be installed
#
# The imported validation rules come from the Go module cache, so nothing but
# the Go module proxy is needed. BUF_TOOLS is where the pinned tools live.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
tools=${BUF_TOOLS:-$root/bin/tools}
web=
if [ "${1:-}" = "--web" ]; then
  web=yes
  tools=$root/web/node_modules/.bin
  shift
fi
export PATH="$tools:$PATH"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

rules=$(cd "$root/.ci/tools" && go mod download -json github.com/bufbuild/protovalidate@v1.2.2 | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
cp -r "$rules/proto/protovalidate" "$work/protovalidate"
chmod -R u+w "$work/protovalidate"
cp -r "$root/proto" "$work/proto"
mv "$work/proto/buf.yaml" "$work/proto/buf.gen.yaml" "$work"

cd "$work"
if [ -n "$web" ]; then
  buf generate --template "$root/web/buf.gen.yaml"
  if [ "${1:-}" = "--check" ]; then
    diff -r "$work/web-gen" "$root/web/src/gen" || { echo "web/src/gen is not current: run npm run generate in web" >&2; exit 1; }
    exit 0
  fi
  rm -rf "$root/web/src/gen"
  cp -r "$work/web-gen" "$root/web/src/gen"
  exit 0
fi
buf lint
if [ "${1:-}" = "--lint" ]; then
  exit 0
fi
if [ -n "${BUF_BREAKING_AGAINST:-}" ]; then
  mkdir "$work/before"
  git -C "$root" archive "$BUF_BREAKING_AGAINST" proto | tar -x -C "$work/before"
  mv "$work/before/proto/buf.yaml" "$work/before/"
  cp -r "$work/protovalidate" "$work/before/protovalidate"
  buf breaking --against "$work/before"
fi
buf generate

if [ "${1:-}" = "--check" ]; then
  diff -r "$work/gen" "$root/pkg/rpc/gen" || { echo "pkg/rpc/gen is not current: run make generate" >&2; exit 1; }
  exit 0
fi
rm -rf "$root/pkg/rpc/gen"
mkdir -p "$root/pkg/rpc"
cp -r "$work/gen" "$root/pkg/rpc/gen"
