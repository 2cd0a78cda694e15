#!/bin/sh
# Starts the S3 store of ceph.conf and stays until it is told to stop. Usage: start.sh FOLDER CONFIG, with S3_ACCESS_KEY and
# S3_SECRET_KEY, or files named by S3_ACCESS_KEY_FILE and S3_SECRET_KEY_FILE. A new folder gets the user and the storage classes.
set -eu
folder=$1 conf=$2
key=${S3_ACCESS_KEY:-$(cat "${S3_ACCESS_KEY_FILE:-/dev/null}")}
secret=${S3_SECRET_KEY:-$(cat "${S3_SECRET_KEY_FILE:-/dev/null}")}
export CEPH_CONF="$conf"
daemons=
stop() {
  # shellcheck disable=SC2086 # a list of numbers
  kill $daemons 2>/dev/null || :
  wait
  exit 0
}
trap stop TERM INT

# What is kept in memory is gone, so its folder is new each time.
if grep -q '^osd_objectstore = memstore' "$conf"; then rm -rf "$folder/mon" "$folder/osd"; fi
is_new=
if [ ! -d "$folder/mon" ]; then
  is_new=yes
  mkdir -p "$folder/mon" "$folder/osd" "$folder/out"
  rm -f "$folder/keyring"
  fsid=$(sed -n 's/^fsid = //p' "$conf")
  host=$(sed -n 's/^mon_host = //p' "$conf")
  ceph-authtool --create-keyring "$folder/keyring" --gen-key -n mon. --cap mon 'allow *'
  for name in client.admin client.rgw; do
    ceph-authtool "$folder/keyring" --gen-key -n "$name" --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
  done
  monmaptool --create --clobber --fsid "$fsid" --addv a "$host" "$folder/monmap"
  ceph-mon -c "$conf" -i a --mkfs --monmap "$folder/monmap" --keyring "$folder/keyring"
fi
ceph-mon -c "$conf" -i a -f &
daemons="$daemons $!"
if [ -n "$is_new" ]; then
  osd=$(cat /proc/sys/kernel/random/uuid)
  ceph -c "$conf" osd create "$osd" 0
  ceph-osd -c "$conf" -i 0 --mkfs --osd-uuid "$osd"
fi
ceph-osd -c "$conf" -i 0 -f &
daemons="$daemons $!"
until ceph -c "$conf" osd stat | grep -q '1 up'; do sleep 0.1; done
if [ -n "$is_new" ]; then
  administer() { radosgw-admin -c "$conf" -n client.rgw "$@" >/dev/null; }
  administer user create --uid=ip2a --display-name=ip2a --access-key="$key" --secret="$secret"
  for class in STANDARD_IA GLACIER_IR GLACIER DEEP_ARCHIVE; do
    administer zonegroup placement add --placement-id default-placement --storage-class "$class" --rgw-zonegroup default
    administer zone placement add --placement-id default-placement --storage-class "$class" --rgw-zone default \
      --data-pool default.rgw.other.data
  done
fi
radosgw -c "$conf" -n client.rgw -f &
daemons="$daemons $!"
wait
