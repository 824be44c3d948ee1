/* Which lines of a text match a regular expression: an automaton that reads several lines by turns.
 *
 * From one state to the next it is one look-up, which has to wait for the one before. So the text is
 * read in several lanes, whose look-ups do not wait for each other.
 *
 * Of the expressions of Rust's engine, `automaton_new` knows what is needed here and refuses others.
 * States are made when a line first needs them: an automaton is for one thread at a time.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    LANES = 6,
    MOST_NODES = 1 << 20,
    MOST_RANGES = 1 << 9,
    MOST_DEPTH = 100,
    MOST_TIMES = 1000,
    MOST_ENTRIES = 1 << 22,
    MOST_MEMBERS = 1 << 22,
    SLOTS = 1 << 17, /* twice as many as there may be states */
    LAST_CHARACTER = 0x10FFFF,
    NOWHERE = -1,
};

/* ---- An expression as nodes ---- */

/* Leads to `next` by a byte from `low` to `high`; a fork has none, and leads to both others. */
typedef struct {
    int32_t next, other;
    uint8_t low, high;
} Node;

/* Some nodes, of which the last one is a fork that leads nowhere yet. */
typedef struct {
    int32_t first, last;
} Piece;

typedef struct {
    uint32_t low, high;
} Range;

/* A class of characters. */
typedef struct {
    int count;
    Range ranges[MOST_RANGES];
} Set;

typedef struct {
    const char *at;
    Node *nodes;
    int32_t count, room;
    int depth;
    bool failed;
} Parser;

static Piece alternatives(Parser *p);

static int32_t node(Parser *p, Node made) {
    if (p->count == p->room && !p->failed) {
        int32_t room = p->room ? 2 * p->room : 1024;
        Node *nodes = room > MOST_NODES ? NULL : realloc(p->nodes, room * sizeof *nodes);
        p->failed = !nodes;
        if (nodes) p->nodes = nodes, p->room = room;
    }
    if (p->failed) return 0;
    p->nodes[p->count] = made;
    return p->count++;
}

static int32_t fork_to(Parser *p, int32_t next, int32_t other) {
    return node(p, (Node){next, other, 1, 0});
}

static int32_t open_end(Parser *p) { return fork_to(p, NOWHERE, NOWHERE); }

static void lead(Parser *p, Piece piece, int32_t next) {
    if (!p->failed) p->nodes[piece.last].next = next;
}

static Piece nothing(Parser *p) {
    int32_t only = open_end(p);
    return (Piece){only, only};
}

static Piece both(Parser *p, Piece one, Piece two) {
    lead(p, one, two.first);
    return (Piece){one.first, two.last};
}

static Piece either(Parser *p, Piece one, Piece two) {
    int32_t last = open_end(p);
    lead(p, one, last);
    lead(p, two, last);
    return (Piece){fork_to(p, one.first, two.first), last};
}

static Piece any_times(Parser *p, Piece piece) {
    int32_t last = open_end(p), first = fork_to(p, piece.first, last);
    lead(p, piece, first);
    return (Piece){first, last};
}

/* The bytes in UTF-8 of the characters from `low` to `high`, as one more way through `piece`. */
static void add_way(Parser *p, uint32_t low, uint32_t high, Piece *piece) {
    static const uint32_t breaks[] = {0x7F, 0x7FF, 0xD7FF, 0xDFFF, 0xFFFF};
    static const uint8_t marks[] = {0, 0xC0, 0xE0, 0xF0};
    uint32_t split = 0;
    for (int i = 0; i < 5 && !split; i++)
        if (low <= breaks[i] && high > breaks[i]) split = breaks[i];
    int more = low < 0x80 ? 0 : low < 0x800 ? 1 : low < 0x10000 ? 2 : 3;
    for (int i = 1; i <= more && !split; i++) { /* the last i bytes take all values, or one way */
        uint32_t rest = (1u << 6 * i) - 1;
        if ((low & ~rest) == (high & ~rest)) continue;
        if (low & rest) split = low | rest;
        else if ((high & rest) != rest) split = (high & ~rest) - 1;
    }
    if (split) {
        add_way(p, low, split, piece);
        add_way(p, split + 1, high, piece);
        return;
    }
    if (low >= 0xD800 && low <= 0xDFFF) return; /* no characters */
    int32_t next = piece->last;
    for (int i = 0; i <= more; i++) { /* from the last byte to the first */
        uint8_t mark = i < more ? 0x80 : marks[more], bits = i < more ? 0x3F : 0xFF;
        uint8_t first = mark | (low >> 6 * i & bits), last = mark | (high >> 6 * i & bits);
        next = node(p, (Node){next, NOWHERE, first, last});
    }
    piece->first = fork_to(p, next, piece->first);
}

static Piece one_of(Parser *p, const Set *set) {
    Piece piece = {NOWHERE, open_end(p)};
    for (int i = 0; i < set->count; i++)
        add_way(p, set->ranges[i].low, set->ranges[i].high, &piece);
    if (piece.first == NOWHERE) piece.first = open_end(p); /* no way at all */
    return piece;
}

static bool take(Parser *p, const char *text) {
    size_t size = strlen(text);
    if (p->failed || strncmp(p->at, text, size)) return false;
    p->at += size;
    return true;
}

static bool is_one_of(char c, const char *characters) { return c && strchr(characters, c); }

static uint32_t number(Parser *p, int base) {
    if (!is_one_of(*p->at, base == 16 ? "0123456789abcdef" : "0123456789")) p->failed = true;
    char *end;
    unsigned long value = strtoul(p->at, &end, base);
    if (value > LAST_CHARACTER) p->failed = true;
    p->at = end;
    return (uint32_t)value;
}

/* One character, escaped or not. */
static uint32_t character(Parser *p) {
    if (take(p, "\\x{")) {
        uint32_t value = number(p, 16);
        if (!take(p, "}")) p->failed = true;
        return value;
    }
    if (take(p, "\\r")) return '\r';
    bool is_escaped = take(p, "\\");
    uint32_t first = (uint8_t)*p->at;
    bool is_word = (first >= '0' && first <= '9') || ((first | 32) >= 'a' && (first | 32) <= 'z');
    bool means_more = is_word || first == '<' || first == '>' || first >= 0x80;
    if (!first || (is_escaped && means_more)) {
        p->failed = true;
        return 0;
    }
    p->at++;
    if (first < 0x80) return first;
    int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
    uint32_t value = first & (0x3F >> more);
    for (; more && *p->at; more--) value = value << 6 | (*p->at++ & 0x3F);
    return value;
}

static void add(Parser *p, Set *set, uint32_t low, uint32_t high) {
    if (set->count == MOST_RANGES || low > high) p->failed = true;
    else set->ranges[set->count++] = (Range){low, high};
}

static void add_all(Parser *p, Set *set, const Set *others) {
    for (int i = 0; i < others->count; i++)
        add(p, set, others->ranges[i].low, others->ranges[i].high);
}

static int by_low(const void *one, const void *two) {
    uint32_t a = ((const Range *)one)->low, b = ((const Range *)two)->low;
    return (a > b) - (a < b);
}

/* Make of `set` all characters that are not in it. */
static void invert(Parser *p, Set *set) {
    Set others = {.count = 0};
    uint32_t from = 0;
    qsort(set->ranges, set->count, sizeof(Range), by_low);
    for (int i = 0; i < set->count; i++) {
        Range range = set->ranges[i];
        if (range.low > from) add(p, &others, from, range.low - 1);
        if (range.high >= from) from = range.high + 1;
    }
    if (from <= LAST_CHARACTER) add(p, &others, from, LAST_CHARACTER);
    *set = others;
}

/* What stands behind a `[`. */
static void class_of(Parser *p, Set *set) {
    bool is_inverted = take(p, "^");
    set->count = 0;
    if (++p->depth > MOST_DEPTH || is_one_of(*p->at, "]-:")) p->failed = true;
    while (!p->failed && !take(p, "]")) {
        Set inner;
        if (take(p, "--[")) { /* but what is in the next class */
            class_of(p, &inner);
            invert(p, set);
            add_all(p, set, &inner);
            invert(p, set);
            if (*p->at != ']') p->failed = true;
        } else if (take(p, "[")) {
            class_of(p, &inner);
            add_all(p, set, &inner);
        } else {
            if (take(p, "--") || take(p, "&&") || take(p, "~~")) p->failed = true;
            uint32_t low = character(p), high = low;
            if (*p->at == '-' && !is_one_of(p->at[1], "-]")) {
                p->at++;
                high = character(p); /* even a `[` */
            }
            add(p, set, low, high);
        }
    }
    if (is_inverted) invert(p, set);
    p->depth--;
}

static Piece atom(Parser *p) {
    Set set = {.count = 0};
    if (take(p, "(?:")) {
        Piece inner = alternatives(p);
        if (!take(p, ")")) p->failed = true;
        return inner;
    }
    if (take(p, "[^\\s\\S]")) return one_of(p, &set); /* what there is not */
    if (take(p, "[")) class_of(p, &set);
    else {
        if (is_one_of(*p->at, "^$.*+?{}()|]")) p->failed = true;
        uint32_t only = character(p);
        add(p, &set, only, only);
    }
    return one_of(p, &set);
}

/* An atom, as often as is said behind it. */
static Piece times(Parser *p) {
    const char *start = p->at;
    Piece piece = atom(p);
    uint32_t least = 1, most = 1;
    bool has_end = true;
    if (take(p, "?")) least = 0;
    else if (take(p, "*")) least = 0, has_end = false;
    else if (take(p, "+")) has_end = false;
    else if (take(p, "{")) {
        least = most = number(p, 10);
        if (take(p, ",")) has_end = *p->at != '}';
        if (p->at[-1] == ',' && has_end) most = number(p, 10);
        if (!take(p, "}")) p->failed = true;
    } else return piece;
    const char *end = p->at;
    if (!has_end) most = least + 1; /* of which the last one is any number of times */
    if (!most || least > most || most > MOST_TIMES || is_one_of(*end, "?*+{")) p->failed = true;
    Piece all = nothing(p);
    int32_t last = open_end(p);
    for (uint32_t i = 0; i < most && !p->failed; i++) {
        if (i) { /* the same nodes once more */
            p->at = start;
            piece = atom(p);
        }
        if (i >= least && !has_end) piece = any_times(p, piece);
        if (i >= least) piece.first = fork_to(p, piece.first, last);
        all = both(p, all, piece);
    }
    lead(p, all, last);
    p->at = end;
    return (Piece){all.first, last};
}

static Piece sequence(Parser *p) {
    Piece all = nothing(p);
    while (!p->failed && *p->at && !is_one_of(*p->at, "|)$")) all = both(p, all, times(p));
    return all;
}

static Piece alternatives(Parser *p) {
    if (++p->depth > MOST_DEPTH) p->failed = true;
    Piece all = sequence(p);
    while (take(p, "|")) all = either(p, all, sequence(p));
    p->depth--;
    return all;
}

/* ---- Nodes as states ---- */

/* What the table says of what leads to no other state; of all else, where that one's row starts. */
enum { UNKNOWN, NO_MATCH, ENDS, MATCHES, FIRST_STATE };

typedef struct {
    int32_t start, count; /* of its members */
    bool is_end;
} State;

typedef struct {
    Node *nodes;
    int32_t end; /* the node at the end of the expression; two marks are behind it */
    uint8_t line_end;
    uint8_t classes[256], examples[256]; /* of bytes that no node tells apart */
    uint32_t width;                      /* how many classes there are */
    uint32_t *table;                     /* of each state a row, of each class an entry */
    State *states;
    uint32_t count, room;
    int32_t *members; /* nodes */
    int32_t member_count, member_room;
    uint32_t *slots;       /* states by their hash */
    int32_t *found, *open; /* nodes of a state that is made */
    uint32_t *marks, mark; /* which nodes were seen already */
} Automaton;

void automaton_free(Automaton *a) {
    if (!a) return;
    free(a->nodes);
    free(a->table);
    free(a->states);
    free(a->members);
    free(a->slots);
    free(a->found);
    free(a->open);
    free(a->marks);
    free(a);
}

/* The marks: that a CR came last; and that one did behind a match, so that it is half a line end. */
enum { BY_CR = 1, THEN_CR = 2 };

static bool was_seen(const Automaton *a, int32_t node) { return a->marks[node] == a->mark; }

/* Add to `found` the nodes to which `start` leads by no byte, and which lead on by one. */
static void visit(Automaton *a, int32_t start, int32_t *count) {
    int32_t open = 0;
    a->open[open++] = start;
    while (open) {
        int32_t at = a->open[--open];
        if (at == NOWHERE || was_seen(a, at)) continue;
        a->marks[at] = a->mark;
        Node node = a->nodes[at];
        if (at >= a->end || node.low <= node.high) a->found[(*count)++] = at;
        else {
            a->open[open++] = node.next;
            a->open[open++] = node.other;
        }
    }
}

static int by_size(const void *one, const void *two) {
    int32_t a = *(const int32_t *)one, b = *(const int32_t *)two;
    return (a > b) - (a < b);
}

static bool grow(void *room, size_t size) {
    void *grown = realloc(*(void **)room, size);
    if (grown) *(void **)room = grown;
    return grown;
}

static bool has_room(Automaton *a, int32_t members) {
    if (a->count >= a->room) {
        uint32_t room = a->room ? 2 * a->room : 64;
        if (room > SLOTS / 2 || (uint64_t)room * a->width > MOST_ENTRIES ||
            !grow(&a->table, (size_t)room * a->width * sizeof(uint32_t)) ||
            !grow(&a->states, room * sizeof(State)))
            return false;
        a->room = room;
    }
    if (a->member_count + members > a->member_room) {
        int32_t room = 2 * (a->member_room + members);
        if (room > MOST_MEMBERS || !grow(&a->members, room * sizeof(int32_t))) return false;
        a->member_room = room;
    }
    return true;
}

/* The state of the `count` nodes in `found`; none where there are too many. */
static uint32_t state_of(Automaton *a, int32_t count) {
    size_t size = count * sizeof(int32_t);
    qsort(a->found, count, sizeof(int32_t), by_size);
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (int32_t i = 0; i < count; i++) hash = (hash ^ (uint32_t)a->found[i]) * 16777619u;
    uint32_t slot = (hash ^ hash >> 15) % SLOTS;
    for (; a->slots[slot]; slot = (slot + 1) % SLOTS) {
        const State *state = &a->states[a->slots[slot]];
        if (state->count == count && !memcmp(a->members + state->start, a->found, size))
            return a->slots[slot];
    }
    if (!has_room(a, count)) return NO_MATCH;
    uint32_t made = a->count++;
    bool is_end = was_seen(a, a->end) && !was_seen(a, a->end + BY_CR);
    a->states[made] = (State){a->member_count, count, is_end || was_seen(a, a->end + THEN_CR)};
    if (count) memcpy(a->members + a->member_count, a->found, size); /* or there is no room yet */
    a->member_count += count;
    memset(a->table + (size_t)made * a->width, UNKNOWN, a->width * sizeof(uint32_t));
    return a->slots[slot] = made;
}

/* The entry of a class of bytes in the row that starts at `row`. */
static uint32_t entry(Automaton *a, uint32_t row, uint8_t byte_class) {
    State state = a->states[row / a->width];
    uint8_t byte = a->examples[byte_class];
    uint32_t next;
    if (byte == a->line_end) next = state.is_end ? MATCHES : ENDS;
    else {
        int32_t count = 0;
        bool matched = false;
        a->mark++;
        for (int32_t i = state.start; i < state.start + state.count; i++) {
            Node node = a->nodes[a->members[i]];
            if (node.low <= byte && byte <= node.high) visit(a, node.next, &count);
            matched |= a->members[i] == a->end;
        }
        if (byte == '\r' && a->line_end == '\n') {
            if (matched) visit(a, a->end + THEN_CR, &count);
            else if (was_seen(a, a->end)) visit(a, a->end + BY_CR, &count);
        }
        next = count ? state_of(a, count) : NO_MATCH;
    }
    return a->table[row + byte_class] = next * a->width;
}

static bool begin(Automaton *a, int32_t node_count, int32_t first) {
    bool starts[257] = {[0] = true};
    starts[a->line_end] = starts[a->line_end + 1] = true;
    starts['\r'] = starts['\r' + 1] = true;
    for (int32_t i = 0; i < node_count; i++)
        if (a->nodes[i].low <= a->nodes[i].high)
            starts[a->nodes[i].low] = starts[a->nodes[i].high + 1] = true;
    for (int byte = 0; byte < 256; byte++) {
        if (starts[byte]) a->examples[a->width++] = byte;
        a->classes[byte] = a->width - 1;
    }
    a->count = FIRST_STATE;
    a->slots = calloc(SLOTS, sizeof(uint32_t));
    a->found = malloc(node_count * sizeof(int32_t));
    a->open = malloc((2 * (size_t)node_count + 1) * sizeof(int32_t));
    a->marks = calloc(node_count, sizeof(uint32_t));
    if (!a->slots || !a->found || !a->open || !a->marks) return false;
    a->mark = 1;
    int32_t count = 0;
    visit(a, first, &count);
    if (state_of(a, count) != FIRST_STATE) return false;
    memset(a->table, UNKNOWN, FIRST_STATE * a->width * sizeof(uint32_t)); /* where there is no state */
    return true;
}

/* For lines that end in `line_end`, or in a CR and an LF. NULL where it is not known what `pattern`
 * means, or where it is too large. */
Automaton *automaton_new(const char *pattern, uint8_t line_end) {
    Automaton *a = calloc(1, sizeof *a);
    if (!a) return NULL;
    Parser p = {.at = pattern};
    if (!take(&p, "^")) p.failed = true;
    Piece whole = sequence(&p); /* of `^a|b$`, the anchors would be parts of the ways */
    if (strcmp(p.at, "$")) p.failed = true;
    a->end = open_end(&p);
    lead(&p, whole, a->end);
    open_end(&p), open_end(&p); /* the marks */
    a->nodes = p.nodes;
    a->line_end = line_end;
    if (p.failed || !begin(a, p.count, whole.first)) {
        automaton_free(a);
        return NULL;
    }
    return a;
}

/* ---- Lines ---- */

typedef struct {
    const uint8_t *at, *end; /* of the text */
    uint32_t row;
    int64_t line; /* the next one */
} Lane;

typedef struct {
    const uint8_t *text;
    int64_t *stops;
    uint8_t *matches;
} Answer;

/* The byte behind the next line end, which there is. */
static const uint8_t *next_line(const uint8_t *at, const uint8_t *end, uint8_t line_end) {
    return (const uint8_t *)memchr(at, line_end, end - at) + 1;
}

/* Go on in `count` lanes by turns until one is at its end. It is known when this is compiled. */
static inline __attribute__((always_inline)) void go_on(
    Automaton *a, Lane *lanes, const int count, Answer answer) {
    const uint32_t first_row = FIRST_STATE * a->width;
    const uint32_t *table = a->table;
    const uint8_t *from[LANES]; /* what would be all of a lane, if no line were passed over */
    uint32_t rows[LANES];
    int64_t steps = INT64_MAX, done = 0;
    for (int i = 0; i < count; i++) {
        from[i] = lanes[i].at;
        rows[i] = lanes[i].row;
        if (lanes[i].end - from[i] < steps) steps = lanes[i].end - from[i];
    }
    for (; done < steps; done++) {
#pragma GCC unroll 8
        for (int i = 0; i < count; i++) {
            const uint8_t byte_class = a->classes[from[i][done]];
            uint32_t row = table[rows[i] + byte_class];
            if (__builtin_expect(row < first_row, 0)) {
                if (row == UNKNOWN) row = entry(a, rows[i], byte_class), table = a->table;
                if (row < first_row) { /* of this line, all is known */
                    const uint8_t *next = from[i] + done + 1, *end = lanes[i].end;
                    if (row == NO_MATCH * a->width) next = next_line(next, end, a->line_end);
                    from[i] = next - done - 1;
                    if (end - from[i] < steps) steps = end - from[i];
                    answer.stops[lanes[i].line] = next - 1 - answer.text;
                    answer.matches[lanes[i].line++] = row == MATCHES * a->width;
                    row = first_row;
                }
            }
            rows[i] = row;
        }
    }
    for (int i = 0; i < count; i++) lanes[i].at = from[i] + done, lanes[i].row = rows[i];
}

/* How many lines there are in `size` bytes of `text`. */
int64_t automaton_count(const uint8_t *text, int64_t size, uint8_t line_end) {
    int64_t count = 0;
    for (const uint8_t *at = text, *end = text + size; at < end;) {
        const uint8_t *until = end - at > 192 ? at + 192 : end;
        uint8_t few = 0; /* in one byte, of which a register holds many */
        for (; at < until; at++) few += *at == line_end;
        count += few;
    }
    return count;
}

/* Where each line of `text` ends, and whether it matches; the last byte of all is a line end. */
void automaton_match(
    Automaton *a, const uint8_t *text, int64_t size, int64_t *stops, uint8_t *matches) {
    Answer answer = {text, stops, matches};
    Lane lanes[LANES];
    const uint8_t *at = text, *end = text + size;
    int64_t line = 0;
    for (int i = 0; i < LANES; i++) {
        const uint8_t *until = text + size * (i + 1) / LANES;
        until = until > at ? next_line(until - 1, end, a->line_end) : at;
        lanes[i] = (Lane){at, until, FIRST_STATE * a->width, line};
        line += automaton_count(at, until - at, a->line_end);
        at = until;
    }
    go_on(a, lanes, LANES, answer);
    for (int i = 0; i < LANES; i++) go_on(a, &lanes[i], 1, answer);
}

/* ---- Cells ---- */

enum { TOGETHER = 4 };

static bool matches_from(Automaton *a, uint32_t row, const uint8_t *at, const uint8_t *end) {
    for (; at < end && row; at++) {
        uint8_t byte_class = a->classes[*at];
        uint32_t next = a->table[row + byte_class];
        if (next == UNKNOWN) next = entry(a, row, byte_class);
        row = next < FIRST_STATE * a->width ? 0 : next;
    }
    return row && a->states[row / a->width].is_end;
}

/* Whether each of these texts matches. They are read by turns as far as all go. */
static void match_together(Automaton *a, const uint8_t *const *starts, const uint8_t *const *stops,
                           uint8_t *const *found) {
    const uint32_t first_row = FIRST_STATE * a->width;
    uint32_t rows[TOGETHER];
    int64_t common = INT64_MAX, done = 0;
    for (int i = 0; i < TOGETHER; i++) {
        rows[i] = first_row;
        if (stops[i] - starts[i] < common) common = stops[i] - starts[i];
    }
    for (; done < common; done++) {
#pragma GCC unroll 4
        for (int i = 0; i < TOGETHER; i++) {
            const uint8_t byte_class = a->classes[starts[i][done]];
            uint32_t row = a->table[rows[i] + byte_class];
            if (__builtin_expect(row < first_row, 0)) {
                if (rows[i] && row == UNKNOWN) row = entry(a, rows[i], byte_class);
                if (row < first_row) row = 0; /* the row of a state that there is not */
            }
            rows[i] = row;
        }
    }
    for (int i = 0; i < TOGETHER; i++)
        *found[i] = matches_from(a, rows[i], starts[i] + done, stops[i]);
}

bool automaton_matches(Automaton *a, const uint8_t *text, const uint8_t *end) {
    return matches_from(a, FIRST_STATE * a->width, text, end);
}

/* Where the cell that starts at `at` ends, of a well-quoted record that ends at `end`. */
const uint8_t *cell_end(const uint8_t *at, const uint8_t *end, uint8_t delimiter) {
    while (at < end && *at == '"') { /* up to the next quote, which is the last or one of two */
        const uint8_t *quote = memchr(at + 1, '"', end - at - 1);
        at = quote ? quote + 1 : end;
    }
    while (at < end && *at != delimiter) at++; /* cells are short */
    return at;
}

/* Which cells match the automaton of their column, of the records from `starts` to `stops`, which
 * all have a cell for each; those of one column after another. None matches where there is no
 * automaton, nor one of more than `most` bytes. */
void automaton_cells(Automaton *const *columns, int64_t width, const uint8_t *text,
                     const int64_t *starts, const int64_t *stops, int64_t count, uint8_t delimiter,
                     int64_t most, uint8_t *found) {
    for (int64_t first = 0; first < count; first += TOGETHER) {
        const uint8_t *from[TOGETHER], *to[TOGETHER], *ends[TOGETHER];
        uint8_t *answers[TOGETHER];
        for (int i = 0; i < TOGETHER; i++) { /* the last one once more where there are no more */
            int64_t record = first + i < count ? first + i : count - 1;
            from[i] = text + starts[record];
            ends[i] = text + stops[record];
            answers[i] = found + record;
        }
        for (int64_t column = 0; column < width; column++) {
            for (int i = 0; i < TOGETHER; i++) to[i] = cell_end(from[i], ends[i], delimiter);
            if (!columns[column])
                for (int i = 0; i < TOGETHER; i++) *answers[i] = false;
            else match_together(columns[column], from, to, answers);
            for (int i = 0; i < TOGETHER; i++) {
                *answers[i] &= to[i] - from[i] <= most;
                answers[i] += count;
                from[i] = to[i] + (to[i] < ends[i]);
            }
        }
    }
}
