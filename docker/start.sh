#!/bin/bash
# Starts the base image's Neo4j on the store in this image. If the container may not write to the
# store or to Neo4j's configuration, it uses copies in /data.
set -euo pipefail

kg=/kgimport
place=/data/kgimport

say() { echo "kgimport: $*" >&2; }

stop() {
	say "$@"
	exit 1
}

# Variables of the container take precedence over those of the image.
while IFS='=' read -r name value; do
	[ -v "$name" ] || export "$name=$value"
done <"$kg/settings"

[ -e "$kg/data/databases/neo4j/neostore" ] ||
	stop "the store is hidden: mount no volume at $kg or below; /data and /logs are free for yours"
[ ! -e /data/databases/neo4j ] ||
	say "the database in the volume at /data is not served: this image serves the store in it"

make_place() {
	[ -w /data ] || stop "$1 cannot be written, and neither can /data, where a copy would go:" \
		"mount a volume or a tmpfs there that user $(id -u) may write to"
	# Neo4j inherits this lock and holds it as long as it runs.
	exec 9>"/data/.kgimport.lock"
	flock --nonblock 9 || stop "another container works in the volume at /data: give each its own"
	rm -rf "$place"
	mkdir -p "$place"
}

as_user=()
if [ ! -w "$NEO4J_HOME/conf" ] || [ ! -w "$kg/data" ]; then
	make_place "the store in $kg"
	if [ ! -w "$NEO4J_HOME/conf" ]; then
		mkdir "$place/home"
		for part in "$NEO4J_HOME"/*; do
			case ${part##*/} in
			conf | run) cp -R "$part" "$place/home/" ;;
			*) ln -s "$part" "$place/home/" ;;
			esac
		done
		export NEO4J_HOME=$place/home
	fi
	if [ ! -w "$kg/data" ]; then
		say "copying the store to $place, because it cannot be written in the image"
		cp -R --reflink=auto "$kg/data" "$place/data"
		NEO4J_server_directories_data=$place/data
	fi
	if [ ! -w /tmp ]; then
		mkdir "$place/tmp"
		export TMPDIR=$place/tmp JDK_JAVA_OPTIONS="${JDK_JAVA_OPTIONS:-} -Djava.io.tmpdir=$place/tmp"
	fi
	if [ "$(id -u)" = 0 ]; then
		# The base would change owners in NEO4J_HOME, whose links lead back into the image.
		chown -R 7474:0 "$place"
		as_user=(setpriv --reuid=7474 --regid=7474 --groups=0,7474)
	fi
fi

mapfile -t base <"$kg/entrypoint"
exec "${as_user[@]}" "${base[@]}" "$@"
