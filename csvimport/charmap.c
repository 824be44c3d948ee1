/* Texts in encodings in which every byte is a character by itself, as UTF-8. */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    uint8_t utf8[3], size;
    uint8_t is_misfit; /* whether it stands for a byte that is no character */
} Character;

#define BEYOND_ASCII 0x8080808080808080u /* these bits of eight bytes */

static bool has_ascii(const Character *characters) {
    for (int byte = 0; byte < 0x80; byte++)
        if (characters[byte].utf8[0] != byte || characters[byte].size != 1) return false;
    return true;
}

/* The bytes of `text`, each as `characters` has it. Returns the size of `utf8`, which has room for
 * three bytes for each and eight more. Sets `misfits` if there are any. */
int64_t charmap_transcode(const uint8_t *text, int64_t size, const Character *characters,
                          uint8_t *utf8, bool *misfits) {
    const uint8_t *at = text, *end = text + size;
    uint8_t *to = utf8, is_misfit = 0;
    const bool keeps_ascii = has_ascii(characters);
    while (at < end) {
        const uint8_t *until = end - at > 8 ? at + 8 : end;
        uint64_t bytes = BEYOND_ASCII;
        if (keeps_ascii && until - at == 8) memcpy(&bytes, at, 8);
        if (!(bytes & BEYOND_ASCII)) {
            memcpy(to, &bytes, 8);
            at += 8, to += 8;
            continue;
        }
        for (; at < until; at++) {
            const Character *character = &characters[*at];
            memcpy(to, character, 4); /* of which the next one replaces what is too much */
            to += character->size;
            is_misfit |= character->is_misfit;
        }
    }
    *misfits = is_misfit;
    return to - utf8;
}
