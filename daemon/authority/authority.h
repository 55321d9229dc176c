/* What the authority does, apart from how it is asked: generations, machine keys, certificates.
 *
 * Everything secret is in the vault at rest, and in guarded memory (libcpabe's) or the wiping heap
 * (the CA's key) while the process runs. A generation is a file: creating one that exists returns
 * what is there, so that an asker that died between asking and storing asks again.
 *
 * Threads: one. */
#ifndef KEYFENCE_AUTHORITY_AUTHORITY_H
#define KEYFENCE_AUTHORITY_AUTHORITY_H

#include "authority_protocol.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/random.h"
#include "base/status.h"
#include "vault.h"

struct authority;

/* Loads the CA (made when the vault has none) and every generation. Borrows the vault, which must
 * outlive it. */
KF_MUST_USE enum kf_status authority_new(struct authority **out, struct vault *vault,
                                         const struct kf_random *random,
                                         const struct kf_clock *clock, struct kf_error *err);
void authority_free(struct authority *authority);
uint32_t authority_generations(const struct authority *authority);

/* Answers one frame's bytes: writes the answer's bytes, without the length, into w, whose capacity
 * is AUTHORITY_ANSWER_MAX. Hostile bytes get an answer too. Returns what the answer says; a line
 * for the log is in `note` (may be empty). */
enum kf_status authority_answer(struct kf_writer *w, struct authority *authority,
                                const uint8_t *data, size_t length, char *note, size_t note_size);

#endif
