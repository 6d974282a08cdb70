#!/bin/bash
# Queries the database over Bolt, in bash alone: starting a Java for it would take seconds.
# If the server asks for a password and NEO4J_AUTH has none, that counts as an answer. If the server
# refuses the password in NEO4J_AUTH, somebody changed it, and everyone who relies on it is locked out.
# https://neo4j.com/docs/bolt/current/ describes the messages.
set -euo pipefail

address=${NEO4J_server_bolt_listen__address:-:7687}
auth=${NEO4J_AUTH:-}
for file in "${NEO4J_AUTH_PATH:-}" "${NEO4J_AUTH_FILE:-}"; do
	[ ! -r "$file" ] || auth=$(<"$file")
done

# Text as PackStream has it, spelled for printf.
text() {
	local LC_ALL=C
	local size=${#1} at
	if ((size < 16)); then
		printf '\\x%02x' $((0x80 + size))
	else
		printf '\\xd1\\x%02x\\x%02x' $((size >> 8)) $((size & 255))
	fi
	for ((at = 0; at < size; at++)); do
		printf '\\x%02x' "'${1:at:1}"
	done
}

send() {
	local size=$((${#1} / 4))
	printf "\\x$(printf %02x $((size >> 8)))\\x$(printf %02x $((size & 255)))$1\\x00\\x00" >&3
}

# The next message's kind: 70 success, 71 record, 7e ignored, 7f failure; its text is in $reply.
receive() {
	local size=0
	while ((size == 0)); do # between messages
		size=$((0x$(head -c 2 <&3 | od -An -tx1 | tr -d ' \n')))
	done
	local bytes
	bytes=$(head -c "$size" <&3 | od -An -v -tx1 | tr -d ' \n')
	kind=${bytes:2:2}
	reply=$(printf "$(sed 's/../\\x&/g' <<<"$bytes")" | tr -cs '[:print:]' ' ')
}

expect() {
	receive
	if [ "$kind" != "$1" ]; then
		echo "$reply"
		case $reply in
		*Neo.ClientError.Security.*) exit "$must_fit" ;;
		*) exit 1 ;;
		esac
	fi
}

must_fit=0 # 1: the password must be right
hello="\\xb1\\x01\\xa2$(text user_agent)$(text kgimport/1)$(text scheme)$(text none)"
if [[ $auth == */* ]]; then
	password=${auth#*/}
	case $password in
	*/true) password=${password%/true} ;; # to be changed at the first login
	*) must_fit=1 ;;
	esac
	hello="\\xb1\\x01\\xa4$(text user_agent)$(text kgimport/1)$(text scheme)$(text basic)"
	hello+="$(text principal)$(text "${auth%%/*}")$(text credentials)$(text "$password")"
fi

exec 3<>"/dev/tcp/127.0.0.1/${address##*:}"
printf '\x60\x60\xb0\x17\x00\x00\x00\x05\x00\x00\x04\x04\x00\x00\x00\x00\x00\x00\x00\x00' >&3
version=$(head -c 4 <&3 | od -An -tx1 | tr -d ' \n')
[ "$version" = 00000005 ] || [ "$version" = 00000404 ] || { echo "Bolt answered $version"; exit 1; }

send "$hello"
expect 70
send "\\xb3\\x10$(text 'MATCH (n) RETURN count(n) AS nodes')\\xa0\\xa1$(text mode)$(text r)"
send '\xb1\x3f\xa1\x81\x6e\xff'
expect 70
expect 71
echo "answers"
