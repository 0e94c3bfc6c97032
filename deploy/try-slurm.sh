#!/usr/bin/env bash
# try-slurm.sh NORMLAB EXPERIMENT: tries deploy/slurm.sbatch on a Slurm of one node, set up here for
# this purpose (Debian: apt-get install slurm-wlm munge; run as root on a machine without a Slurm).
# Two shards; the job's processes are killed and the node declared to have failed while it trains,
# and the sweep must end complete all the same.
set -euo pipefail
normlab=$(realpath "${1:?the program}")
experiment=$(realpath "${2:?an experiment file with a [sweep]}")
here=$(cd "$(dirname "$0")" && pwd)
place=$(mktemp -d)
host=$(hostname -s)
export SLURM_CONF=$place/slurm.conf

mkdir -p "$place"/{state,spool,run} /run/munge
[ -e /etc/munge/munge.key ] || { dd if=/dev/urandom of=/etc/munge/munge.key bs=1024 count=1 status=none; }
chown -R munge: /etc/munge /run/munge /var/log/munge /var/lib/munge
chmod 400 /etc/munge/munge.key
munged=
if ! pidof munged >/dev/null; then
  setpriv --reuid munge --regid munge --clear-groups munged
  munged=$(pidof munged)
fi
cat >"$SLURM_CONF" <<CONF
ClusterName=trial
SlurmctldHost=$host
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$place/state
SlurmdSpoolDir=$place/spool
SlurmctldPidFile=$place/run/slurmctld.pid
SlurmdPidFile=$place/run/slurmd.pid
SlurmctldLogFile=$place/slurmctld.log
SlurmdLogFile=$place/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
JobRequeue=1
MailProg=/bin/true
NodeName=$host CPUs=$(nproc) State=UNKNOWN
PartitionName=trial Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
slurmctld
slurmd
finish() {
  for daemon in slurmd slurmctld; do
    [ ! -e "$place/run/$daemon.pid" ] || kill "$(cat "$place/run/$daemon.pid")" 2>/dev/null || true
  done
  [ -z "$munged" ] || kill "$munged" 2>/dev/null || true
}
trap finish EXIT

await() { # await SECONDS COMMAND...: until it succeeds
  local left=$1
  shift
  until "$@"; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || { echo "try-slurm: waited too long for: $*" >&2; sinfo -N -l; squeue; tail -20 "$place"/slurm*.log; exit 1; }
    sleep 1
  done
}
is_idle() { sinfo -h -o %T | grep -q idle; }
has_epochs() { compgen -G "$place/out/*/history.csv" >/dev/null; }
is_over() { [ -z "$(squeue -h)" ]; }
restarts() { scontrol show job "$1" | grep -o 'Restarts=[0-9]*' | sort | uniq -c; }

await 30 is_idle
cd "$place"
job=$(NORMLAB=$normlab sbatch --parsable --array=1-2 "$here/slurm.sbatch" "$experiment" "$place/out")
echo "job $job"
await 120 has_epochs

echo "the node fails"
scontrol update NodeName="$host" State=DOWN Reason="trial of a failure"
restarts "$job"
# It may have come back by itself (ReturnToService).
scontrol update NodeName="$host" State=RESUME 2>/dev/null || true
await 60 is_idle

# A job that was requeued begins after a pause of some minutes; the trial does not wait for it.
start_now() {
  scontrol update JobId="$job" StartTime=now 2>/dev/null || true
  squeue -h -t R | grep -q .
}
await 120 start_now
restarts "$job"
await 1800 is_over
cat normlab-*.log
"$normlab" collect "$place/out" --no-report
restarts "$job" || true
echo "complete; all of it is in $place"
