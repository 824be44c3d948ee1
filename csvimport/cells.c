/* Cells of plain records: those that hold no quote, whether they stand in quotes or not. */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const uint8_t *start, *stop; /* without the quotes */
    const uint8_t *next;         /* the cell behind it, NULL if there is none */
} Cell;

static Cell cell_at(const uint8_t *at, const uint8_t *end, uint8_t delimiter) {
    bool is_quoted = at < end && *at == '"';
    const uint8_t *start = at + is_quoted;
    const uint8_t *stop = memchr(start, is_quoted ? '"' : delimiter, end - start);
    if (!stop) stop = end;
    const uint8_t *behind = stop + is_quoted;
    return (Cell){start, stop, behind < end ? behind + 1 : NULL};
}

/* Of the lines for which `matches` says so, the first cells, each with an LF; of others just that.
 *
 * `stops` is where the lines of `text` end. Returns the size of `firsts`, which has room for as many
 * bytes as `text` has. */
int64_t cells_first(const uint8_t *text, const int64_t *stops, const uint8_t *matches,
                    int64_t count, uint8_t delimiter, uint8_t *firsts) {
    uint8_t *to = firsts;
    int64_t start = 0;
    for (int64_t i = 0; i < count; start = stops[i++] + 1) {
        Cell cell = cell_at(text + start, text + stops[i], delimiter);
        if (matches[i] && cell.next) {
            memcpy(to, cell.start, cell.stop - cell.start);
            to += cell.stop - cell.start;
        }
        *to++ = '\n';
    }
    return to - firsts;
}

/* Which records, from `starts` to `stops` in `text`, have a cell of more than `most` bytes. */
void cells_longer(const uint8_t *text, const int64_t *starts, const int64_t *stops, int64_t count,
                  uint8_t delimiter, int64_t most, uint8_t *longer) {
    for (int64_t i = 0; i < count; i++) {
        const uint8_t *at = text + starts[i], *end = text + stops[i];
        longer[i] = false;
        while (at && !longer[i]) {
            Cell cell = cell_at(at, end, delimiter);
            longer[i] = cell.stop - cell.start > most;
            at = cell.next;
        }
    }
}
