#include "controller/core/digest.h"

#include "controller/core/snapshot.h"
#include "lang/base/hash.h"

void state_digest(const Runtime *runtime, char ret[STATE_DIGEST_SIZE])
{
    cleanup(buffer_deinit) Buffer text = {0};
    uint8_t digest[SHA256_SIZE];

    snapshot_write(runtime, &text);
    sha256(buffer_text(&text), text.size, digest);
    hex_encode(digest, SHA256_SIZE, ret);
}
