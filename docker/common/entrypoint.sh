# Becomes one role of the harness: fills the role's address and secrets into its settings, then runs it.
# Wants SP_NET (the first three numbers of a loopback network) and SP_STATE (the state folder).
set -eu
role=$1
here=/opt/harness

# Settings whose defaults are right, but whose absence Asterisk reports as an error.
defaults="ccss cel features manager pjproject queuerules udptl"

settings() {  # the files of one role, with its places filled in
    for name in $defaults; do echo "[general]" > "/etc/asterisk/$name.conf"; done
    : > /etc/asterisk/acl.conf
    for file in "$here/common"/*.conf "$here/$1"/*.conf; do
        sed -e "s#@NET@#$SP_NET#g" -e "s#@STATE@#$SP_STATE#g" -e "s#@ROLE@#$1#g" "$file" > "/etc/asterisk/${file##*/}"
    done
    cat "$here/common/modules.list" "$here/$1/modules.list" | grep -v '^#' | sed 's#.*#load = &.so#' \
        >> /etc/asterisk/modules.conf
    mkdir -p "$SP_STATE/$1/cdr-custom" "$SP_STATE/$1/dialplan"
}

shipped() {  # what an admin would copy from dialplan/ and edit: addresses, the token, the secret
    cp "$here"/dialplan/*.conf /etc/asterisk/
    sed -i -e "s#^SECONDPASS_AGI *=.*#SECONDPASS_AGI = agi://$SP_NET.4:4573#" \
        -e "s#^SECONDPASS_TOKEN *=.*#SECONDPASS_TOKEN = $SECONDPASS_FASTAGI_TOKEN#" \
        /etc/asterisk/secondpass_globals.conf
    sed -i -e "s#^secret *=.*#secret = $SECONDPASS_AMI_SECRET#" /etc/asterisk/manager_secondpass.conf
}

case $role in
asterisk)
    settings asterisk
    shipped
    exec asterisk -f
    ;;
carrier)
    settings carrier
    exec asterisk -f
    ;;
redis)
    exec redis-server "$here/redis/redis.conf" --bind "$SP_NET.3"
    ;;
agents)
    mkdir -p "$SP_STATE/sipp"
    # Without its watchdog, which ends it on a machine that stalls: then all agents would be gone.
    exec sipp -watchdog_interval 0 -sf "$here/sipp/agents.xml" -i "$SP_NET.5" -p 5060 -mi "$SP_NET.5" \
        -ci "$SP_NET.5" -aa -nostdin -trace_err -error_file "$SP_STATE/sipp/agents_errors.log" > /dev/null
    ;;
*)
    exec "$@"
    ;;
esac
