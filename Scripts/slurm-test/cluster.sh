#!/usr/bin/env bash
# A Slurm cluster of two nodes on this machine, for tests: cluster.sh start|stop FOLDER
#
# Everything lies in FOLDER: configuration (FOLDER/slurm.conf), keys, state, logs. Everything listens on 127.0.0.1 alone. No
# systemd and no cgroups are needed. 'stop' ends every daemon that 'start' started, and what their jobs left running.
# The partitions are 'normal' and 'urgent', whose jobs requeue those of 'normal'; exit status 75 requeues a job.
set -euo pipefail

fail() { printf 'cluster.sh: %s\n' "$*" >&2; exit 1; }
[ $# -eq 2 ] || fail "expected start or stop, and a folder"
action=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)
user=$(id -un)

# Three ports that nothing listens on.
ports() {
    python3 - <<'PYTHON'
import socket
held = [socket.socket() for _ in range(3)]
for one in held:
    one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in held))
PYTHON
}

configure() {
    local control first second
    read -r control first second < <(ports)
    cat >"$folder/slurm.conf" <<CONF
ClusterName=earmark
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=$control
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
# A requeued job waits until the credentials of its steps expire, by default two minutes.
AuthInfo=socket=$folder/munge/socket,cred_expire=5
CredType=cred/munge
# Sockets of jobs and daemons are bound to the address that names this machine, not to all of its addresses.
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/%n.pid
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool-%n
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
ReturnToService=2
JobRequeue=1
RequeueExit=75
KillWait=3
InactiveLimit=0
MinJobAge=600
SlurmdTimeout=10
SlurmctldTimeout=10
MessageTimeout=10
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName=node1 NodeHostname=localhost NodeAddr=127.0.0.1 Port=$first CPUs=2 RealMemory=4000
NodeName=node2 NodeHostname=localhost NodeAddr=127.0.0.1 Port=$second CPUs=2 RealMemory=4000
PartitionName=normal Nodes=node1,node2 Default=YES MaxTime=INFINITE State=UP PriorityTier=1 PreemptMode=REQUEUE
PartitionName=urgent Nodes=node1,node2 MaxTime=INFINITE State=UP PriorityTier=2 PreemptMode=OFF
CONF
}

# munged refuses to run as root unless it is forced to, and folders that others could write to.
start_munge() {
    mkdir -p -m 0755 "$folder/munge"
    chmod 0755 "$folder/munge"
    head -c 128 /dev/urandom >"$folder/munge/key"
    chmod 0600 "$folder/munge/key"
    local as=()
    if [ "$(id -u)" -eq 0 ] && getent passwd munge >/dev/null; then
        chown -R munge: "$folder/munge"
        as=(setpriv --reuid munge --regid munge --clear-groups)
    fi
    # A folder for temporary files may be open to all, which munged accepts only if it is told to.
    "${as[@]}" munged --force --socket="$folder/munge/socket" --key-file="$folder/munge/key" \
        --pid-file="$folder/munge/pid" --log-file="$folder/munge/log" --seed-file="$folder/munge/seed" \
        >"$folder/munge.out" 2>&1 || fail "munged does not start: $(tail -1 "$folder/munge.out")"
}

start() {
    [ ! -e "$folder/slurm.conf" ] || fail "$folder already has a cluster; stop it, or name another folder"
    configure
    mkdir -p "$folder/state" "$folder/spool-node1" "$folder/spool-node2"
    export SLURM_CONF=$folder/slurm.conf
    start_munge
    slurmctld -f "$SLURM_CONF" || fail "slurmctld does not start: $(tail -1 "$folder/slurmctld.log")"
    local node
    for node in node1 node2; do
        slurmd -f "$SLURM_CONF" -N "$node" || fail "slurmd does not start: $(tail -1 "$folder/$node.log")"
    done
    local tries
    for tries in $(seq 300); do
        [ "$(sinfo --noheader --format=%T --Node --partition=normal 2>/dev/null | sort | uniq -c | tr -d ' \n')" = 2idle ] && return
        sleep 0.1
    done
    fail "the nodes are not idle after 30 s: $(sinfo 2>&1 | tail -2 | tr '\n' ';')"
}

# Ends a process by its number, once it is certain that the number is still that program's.
end() { # file name
    local number
    number=$(cat "$1" 2>/dev/null) || return 0
    [ "$(cat "/proc/$number/comm" 2>/dev/null)" = "$2" ] || return 0
    kill "$number" 2>/dev/null || return 0
    local tries
    for tries in $(seq 100); do
        [ -e "/proc/$number" ] || return 0
        sleep 0.1
    done
    kill -KILL "$number" 2>/dev/null || true
}

stop() {
    export SLURM_CONF=$folder/slurm.conf
    if [ -e "$SLURM_CONF" ]; then
        scancel --user="$user" --signal=KILL --full >/dev/null 2>&1 || true
        scancel --user="$user" >/dev/null 2>&1 || true
        local tries
        for tries in $(seq 100); do
            [ -z "$(squeue --noheader 2>/dev/null)" ] && break
            sleep 0.1
        done
    fi
    end "$folder/node1.pid" slurmd
    end "$folder/node2.pid" slurmd
    end "$folder/slurmctld.pid" slurmctld
    end "$folder/munge/pid" munged
}

case $action in
    start) start ;;
    stop) stop ;;
    *) fail "found '$action', expected start or stop" ;;
esac
