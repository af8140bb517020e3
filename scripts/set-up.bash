# What a checkout needs before its programs can run; sourced, with `root` set to the checkout.

say() { echo "scripts/${0##*/}: $*" >&2; }

check_node() {
  command -v node >/dev/null || { say 'Node.js is not installed; version 20.19 or newer is needed'; exit 1; }
  local version
  version=$(node --version)
  [[ $version =~ ^v([0-9]+)\.([0-9]+)\. ]]
  local major=${BASH_REMATCH[1]} minor=${BASH_REMATCH[2]}
  if ((major < 20 || (major == 20 && minor < 19))); then
    say "Node.js is $version; version 20.19 or newer is needed"
    exit 1
  fi
}

# npm writes node_modules/.package-lock.json last, so that file tells which package-lock.json was installed, and whether
# an installation was interrupted.
install() {
  local installed=$root/node_modules/.package-lock.json
  [[ -e $installed && ! $root/package-lock.json -nt $installed ]] && return
  say 'installing packages (npm ci)'
  (cd "$root" && npm ci --loglevel=error >/dev/null) || { say 'npm ci failed'; exit 1; }
  touch "$installed"
}

# A build that failed half way leaves no dist/package.json.
build() {
  local built=$root/dist/package.json
  [[ -e $built && -z $(find "$root/plugins" -newer "$built" -print -quit) ]] && return
  say 'building (npm run build)'
  (cd "$root" && npm run --silent build >&2) || { say 'npm run build failed'; exit 1; }
}
