/* peak_memory PROGRAM [ARGUMENT ...]: runs it and prints the most memory that it had in use, in
 * kilobytes (getrusage's ru_maxrss: pages resident, those of its libraries too); its exit status is
 * the program's. Between a shell or a test and what it measures, because ru_maxrss begins with what
 * the process had before exec. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct rusage used;
    int status = 1;
    if (argc < 2) {
        (void)fputs("usage: peak_memory PROGRAM [ARGUMENT ...]\n", stderr);
        return 2;
    }
    pid_t pid = fork();
    if (pid == 0) {
        (void)execv(argv[1], argv + 1);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &used) != pid) {
        return 1;
    }
    (void)printf("%ld\n", used.ru_maxrss);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
