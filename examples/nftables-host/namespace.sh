#!/usr/bin/env bash
# A router to try nbfwc on, in network namespaces of this machine: it has an SSH
# server and nftables rules of its own, and a private copy of /etc, so that
# nothing of the machine itself is changed. Behind it are a server in zone core
# and a client in zone dmz.
#
#   namespace.sh up DIR     make it; DIR gets a key to log in by
#   namespace.sh try FROM TO PORT     does a TCP connection get through? (dmz or core)
#   namespace.sh down DIR   remove it
#
# It needs root, and iproute2, nftables, openssh-server and netcat-openbsd.
set -euo pipefail

router=nbfwc-router core=nbfwc-core dmz=nbfwc-dmz
declare -A address=([core]=10.72.1.10 [dmz]=10.72.2.31)

down() {
  local ns pids
  for ns in $router $core $dmz; do
    ip netns list | grep -qw "$ns" || continue
    pids=$(ip netns pids "$ns")
    [ -z "$pids" ] || kill $pids 2>/dev/null || true
    ip netns del "$ns"
  done
  ip link del nbfwc-mgmt 2>/dev/null || true
}

zone() { # zone NAMESPACE INTERFACE NETWORK HOST
  ip link add "$2" netns $router type veth peer name eth0 netns "$1"
  ip -n $router addr add "$3.1/24" dev "$2"
  ip -n $router link set "$2" up
  ip -n "$1" addr add "$4/24" dev eth0
  ip -n "$1" link set lo up
  ip -n "$1" link set eth0 up
  ip -n "$1" route add default via "$3.1"
}

up() {
  down
  for ns in $router $core $dmz; do ip netns add "$ns"; done
  ip -n $router link set lo up
  ip netns exec $router sysctl -qw net.ipv4.ip_forward=1
  zone $core core0 10.72.1 "${address[core]}"
  zone $dmz dmz0 10.72.2 "${address[dmz]}"
  ip link add nbfwc-mgmt type veth peer name mgmt0 netns $router
  ip addr add 198.18.72.1/30 dev nbfwc-mgmt
  ip link set nbfwc-mgmt up
  ip -n $router addr add 198.18.72.2/30 dev mgmt0
  ip -n $router link set mgmt0 up

  mkdir -p "$1" /run/sshd
  cd "$1"
  rm -rf key key.pub host_key host_key.pub etc run
  ssh-keygen -q -t ed25519 -N '' -f key
  ssh-keygen -q -t ed25519 -N '' -f host_key
  cp -a /etc etc
  mkdir -p etc/nftables.d run
  printf '#!/usr/sbin/nft -f\nflush ruleset\ninclude "/etc/nftables.d/*.nft"\n' >etc/nftables.conf
  cat >sshd_config <<CONFIG
ListenAddress 198.18.72.2
HostKey $PWD/host_key
AuthorizedKeysFile $PWD/key.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp
CONFIG
  ip netns exec $router setsid unshare -m -u --propagation private sh -c \
    "hostname router && mount --bind '$PWD/etc' /etc && mkdir -p /run/nbfwc && mount --bind '$PWD/run' /run/nbfwc && exec /usr/sbin/sshd -D -e -f '$PWD/sshd_config'" \
    >sshd.log 2>&1 </dev/null &
  for ns in $core $dmz; do
    for port in 1556 13724; do
      ip netns exec $ns setsid nc -lk $port >/dev/null 2>&1 </dev/null &
    done
  done
  for _ in $(seq 50); do
    nc -z -w1 198.18.72.2 22 2>/dev/null && { echo "the router answers at 198.18.72.2"; return; }
    sleep 0.1
  done
  cat sshd.log >&2
  exit 1
}

try() {
  if ip netns exec "nbfwc-$1" nc -z -w1 "${address[$2]}" "$3" 2>/dev/null; then
    echo "$1 -> $2 port $3: connected"
  else
    echo "$1 -> $2 port $3: no answer"
  fi
}

case ${1:-} in
  up | down) "$1" "${2:-host}" ;;
  try) try "$2" "$3" "$4" ;;
  *) sed -n '2,/^set -e/p' "$0" | sed '$d; s/^# \{0,1\}//'; exit 2 ;;
esac
