#include "base/random.h"

#include <errno.h>
#include <sys/random.h>

enum kf_status kf_random_fill(const struct kf_random *random, uint8_t *out, size_t length)
{
    return random->fill(random->context, out, length);
}

static enum kf_status fill_from_kernel(void *context, uint8_t *out, size_t length)
{
    (void)context;
    while (length > 0) {
        ssize_t n = getrandom(out, length, 0);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return KF_ERR_RANDOM;
        }
        out += n;
        length -= (size_t)n;
    }
    return KF_OK;
}

struct kf_random kf_random_system(void)
{
    return (struct kf_random){.fill = fill_from_kernel, .context = NULL};
}
