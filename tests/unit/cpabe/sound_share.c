#include "attack.h"

const bool sharing_is_broken = false;
