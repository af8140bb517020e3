# What a checkout needs before its programs can run; sourced, with `root` set to the checkout.

say() { echo "scripts/${0##*/}: $*" >&2; }

as_root() { if ((EUID == 0)); then "$@"; else sudo "$@"; fi; }

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

# Installs the packages of Debian's, each given as PACKAGE:FILE, whose file is not there.
install_debian() {
  local missing=() each
  for each in "$@"; do
    [[ -e ${each#*:} ]] || missing+=("${each%%:*}")
  done
  ((${#missing[@]} == 0)) || install_quietly "${missing[@]}"
}

# The servers are for us alone: none is configured or started, neither now (policy-rc.d, see invoke-rc.d(8)) nor when the
# machine boots.
install_quietly() {
  say "installing $*"
  as_root apt-get update -qq
  as_root debconf-set-selections <<<'slapd slapd/no_configuration boolean true'
  as_root debconf-set-selections <<<'postfix postfix/main_mailer_type select No configuration'
  local policy=/usr/sbin/policy-rc.d ours='' code=0
  [[ -e $policy ]] || { printf '#!/bin/sh\nexit 101\n' | as_root install -m 755 /dev/stdin "$policy"; ours=yes; }
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null || code=$?
  [[ -z $ours ]] || as_root rm -f "$policy"
  disable "$@"
  return "$code"
}

# Most packages bring no service of their name.
disable() {
  local service
  command -v systemctl >/dev/null || return 0
  for service in "$@"; do as_root systemctl disable --quiet "$service" 2>/dev/null || true; done
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
