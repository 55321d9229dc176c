/* A customer's private key is read in a process of its own, which ends before the answer is sent.
 *
 * The core never parses a key. For each upload it forks; the child, in a cage of system calls that
 * can compute and talk to the core and nothing else, checks the request (upload_check.h), tells the
 * core what it found, is told the policy key, returns the key sealed to it, and ends; with it goes
 * everything that JSON, PEM, OpenSSL and the stack left in memory. The core wipes its one copy of
 * the request as soon as the child has its own. See docs/design/0006-upload-memory.md.
 *
 * The core has one thread, so that the child of a fork() has whole locks and heaps.
 *
 *   child -> core   u8 1, findings            or  u8 0, problem, end
 *   core -> child   policy id, 32 hex | policy public key, 32       (or end of file: not needed)
 *   child -> core   u8 1, sealed box          or  u8 0, problem
 * each after its length (u32be). */
#ifndef KEYFENCE_CORE_UPLOAD_WORKER_H
#define KEYFENCE_CORE_UPLOAD_WORKER_H

#include "base/random.h"
#include "envelope/seal.h"
#include "upload_check.h"

#include <sys/types.h>

enum { UPLOAD_SECONDS = 10 }; /* for one upload; then the worker is killed */

struct upload_worker {
    pid_t pid;
    int fd;
};

/* Once, before the sandbox: loads what the workers' libraries would otherwise load lazily, from
 * files that they cannot open. */
KF_MUST_USE enum kf_status upload_prepare(struct kf_error *err);

/* Starts a worker on a request's body. The body is secret memory (kf_secret_new) and is released
 * here in every case. */
KF_MUST_USE enum kf_status upload_start(struct upload_worker *out, uint8_t *body, size_t length,
                                        int64_t now_ms, struct problem *problem);

/* Waits for the findings. On failure the worker has been ended. */
KF_MUST_USE enum kf_status upload_findings_get(struct upload_findings *out,
                                               struct upload_worker *worker,
                                               struct problem *problem);

/* Has the key sealed. capacity: SEAL_CUSTOMER_MAX. The worker has been ended afterwards. */
KF_MUST_USE enum kf_status upload_seal(uint8_t *out, size_t capacity, size_t *length,
                                       struct upload_worker *worker,
                                       const char policy_id[static RECORD_POLICY_ID_SIZE],
                                       const uint8_t policy_public[static SEAL_KEY_SIZE],
                                       struct problem *problem);

/* Ends the worker and waits until it is gone; harmless when it already is. */
void upload_end(struct upload_worker *worker);

#endif
