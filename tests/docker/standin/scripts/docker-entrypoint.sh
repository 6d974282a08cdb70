#!/bin/bash
# What the official image's entrypoint promises, as far as kgimport relies on it: NEO4J_AUTH,
# NEO4J_AUTH_PATH, NEO4J_…_FILE, NEO4J_<setting>, root becomes the user neo4j.
set -euo pipefail

conf=$NEO4J_HOME/conf/neo4j.conf
as_user=()
if [ "$(id -u)" = 0 ]; then
	as_user=(setpriv --reuid neo4j --regid neo4j --clear-groups)
	chown -R neo4j:neo4j "$NEO4J_HOME" && chmod 700 "$NEO4J_HOME"
fi
[ -w "$NEO4J_HOME/conf" ] || { echo "Folder $NEO4J_HOME/conf is not writable" >&2; exit 1; }
for folder in /data /logs; do
	if [ "$(id -u)" = 0 ]; then
		chown -R neo4j:neo4j "$folder"
	elif [ ! -w "$folder" ]; then
		echo "Folder $folder is not accessible for user $(id -u)" >&2
		exit 1
	fi
done

for name in $(compgen -e | grep '^NEO4J_.*_FILE$' || true); do
	export "${name%_FILE}=$(<"${!name}")"
done

set_in_conf() {
	if [ -e "$conf" ] && [ "$1" != server.jvm.additional ]; then
		sed --in-place "/^${1//./\\.}=/d" "$conf"
	fi
	echo "$1=$2" >>"$conf"
}

for default in server.memory.pagecache.size=512M server.default_listen_address=0.0.0.0 \
	server.directories.logs=/logs; do
	grep -q "^${default%%=*}=" "$conf" 2>/dev/null || echo "$default" >>"$conf"
done
for name in $(compgen -e | grep '^NEO4J_' || true); do
	case $name in
	NEO4J_HOME | NEO4J_EDITION | NEO4J_AUTH | NEO4J_AUTH_PATH | NEO4J_DEBUG | NEO4J_PLUGINS | *_FILE) continue ;;
	esac
	setting=${name#NEO4J_}
	setting=${setting//__/%}
	setting=${setting//_/.}
	[ -z "${!name}" ] || set_in_conf "${setting//%/_}" "${!name}"
done

auth=${NEO4J_AUTH:-}
[ -z "${NEO4J_AUTH_PATH:-}" ] || auth=$(<"$NEO4J_AUTH_PATH")
if [ "${1:-}" = neo4j ]; then
	case $auth in
	'') ;;
	none) set_in_conf dbms.security.auth_enabled false ;;
	neo4j/neo4j)
		echo "Invalid value for password. It cannot be 'neo4j', which is the default." >&2
		exit 1
		;;
	neo4j/*) "${as_user[@]}" neo4j-admin dbms set-initial-password "${auth#neo4j/}" ;;
	*)
		echo "Invalid value for NEO4J_AUTH" >&2
		exit 1
		;;
	esac
	rm -f "$NEO4J_HOME/run/neo4j.pid"
	command=$("${as_user[@]}" neo4j console --dry-run)
	eval exec "${as_user[@]}" "$command"
fi
exec "${as_user[@]}" "$@"
