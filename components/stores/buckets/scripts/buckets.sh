#!/bin/sh
# Make the buckets, policies and users of a MinIO what the files beside this script say; run again, it changes nothing.
#
# BUCKET.json in $SCRIPTS is the policy of whoever may use BUCKET. Users come as USER_1, USER_1_SECRET and
# USER_1_BUCKET, USER_2, ... MINIO_ENDPOINT, MINIO_ROOT_USER and MINIO_ROOT_PASSWORD say where and as whom.
set -eu

scripts="${SCRIPTS:-/scripts}"

fail() {
    echo "error: $1" >&2
    exit 1
}

attempt=1
# Keys go in by a pipe: arguments can be read by whoever sees the processes.
until printf '%s\n%s\n' "$MINIO_ROOT_USER" "$MINIO_ROOT_PASSWORD" |
    mc alias set platform "$MINIO_ENDPOINT" >/dev/null 2>&1; do
    # A server that has just started is not ready at once; a wrong password never becomes right.
    [ "$attempt" -lt "${ATTEMPTS:-10}" ] || fail "$MINIO_ENDPOINT does not answer, or refuses the root user"
    attempt=$((attempt + 1))
    sleep "${PAUSE:-3}"
done

for file in "$scripts"/*.json; do
    bucket=$(basename "$file" .json)
    mc mb --ignore-existing "platform/$bucket" || fail "bucket $bucket cannot be made"
    mc admin policy create platform "$bucket" "$file" || fail "the policy of bucket $bucket is refused"
done

number=1
while eval "user=\${USER_$number:-}" && [ -n "$user" ]; do
    eval "secret=\$USER_${number}_SECRET bucket=\$USER_${number}_BUCKET"
    printf '%s\n%s\n' "$user" "$secret" | mc admin user add platform >/dev/null || fail "user $user cannot be made"
    # Attaching twice is an error to mc, and no error to us.
    said=$(mc admin policy attach platform "$bucket" --user "$user" 2>&1) || case "$said" in
        *"already in effect"*) ;;
        *) fail "user $user does not get bucket $bucket: $said" ;;
    esac
    number=$((number + 1))
done
