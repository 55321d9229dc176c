#include "trouble.h"

#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void trouble_say(struct trouble *trouble, enum trouble_level level, const char *format, ...)
{
    char text[TROUBLE_TEXT_MAX];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (trouble->present && strcmp(trouble->text, text) == 0)
        return;
    trouble->present = true;
    memcpy(trouble->text, text, sizeof text);
    if (level == TROUBLE_ERROR)
        log_error("%s", text);
    else
        log_warn("%s", text);
}

void trouble_over(struct trouble *trouble, const char *what)
{
    if (trouble->present)
        log_info("%s", what);
    trouble->present = false;
}
