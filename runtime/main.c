// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bindings/bind.h"
#include "bindings/call.h"
#include "bindings/gate.h"
#include "bindings/new.h"
#include "bindings/spec.h"
#include "process/catalog_command.h"
#include "process/launch.h"
#include "process/replay.h"

/* Arguments -> command. The only place that may exit(). */

struct command {
  const char *name;
  const char *arguments;
  const char *help;
  int (*run)(const char *scripts, int argc, char **argv);
};

static const struct program_doors doors = {.open_doors = bind_open_doors,

                                           .check = bind_check,
                                           .serve = bind_call_serve,
                                           .judge = bind_judge};

static int run_serve(const char *scripts, int argc, char **argv) {
  (void)argv;
  if (argc > 0) {
    fprintf(stderr, "moongate serve takes no arguments; the configuration file is named by GATEWAY_CONFIG\n");
    return 2;
  }
  return launch_serve(scripts, &doors);
}

static int run_check(const char *scripts, int argc, char **argv) {
  if (argc > 1) {
    fprintf(stderr, "moongate check takes one file, or none for the one GATEWAY_CONFIG names\n");
    return 2;
  }
  return launch_check(scripts, argc == 1 ? argv[0] : NULL, &doors);
}

static int run_spec(const char *scripts, int argc, char **argv) {
  return spec_run(argc, argv, scripts);
}

static int run_new(const char *scripts, int argc, char **argv) {
  return new_run(argc, argv, scripts);
}

static int run_replay(const char *scripts, int argc, char **argv) {
  return replay_run(scripts, &doors, argc, argv);
}

static int run_version(const char *scripts, int argc, char **argv) {
  (void)scripts, (void)argv;
  if (argc > 0) {
    fprintf(stderr, "moongate version takes no arguments\n");
    return 2;
  }
  printf("moongate %s\n", MOONGATE_VERSION);
  return 0;
}

static const struct command commands[] = {
    {"serve", "", "run the gateway in the foreground (also without a command)", run_serve},
    {"check", "[FILE]", "validate configuration and scripts; every error with its line, exit 1", run_check},
    {"spec", "[PATH...]", "run the specs of scripts, or of a script; --coverage shows what they miss", run_spec},
    {"new", "KIND NAME", "write a plugin, strategy or provider and its spec to start from", run_new},
    {"replay", "--from FILE", "run recorded requests again and compare; also --script NAME[@FILE], --trace ID",
     run_replay},
    {"catalog", "check [FILE]", "validate the catalog of models, yours over ours; also show PROVIDER/MODEL",
     catalog_command_run},
    {"version", "", "print the version", run_version},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void print_help(FILE *out) {
  fprintf(out, "moongate %s: an AI gateway\n\n", MOONGATE_VERSION);
  for (size_t i = 0; i < COMMANDS; i++) {
    fprintf(out, "  moongate %-7s %-12s %s\n", commands[i].name, commands[i].arguments, commands[i].help);
  }
  fprintf(
      out,
      "\nVariables: GATEWAY_CONFIG GATEWAY_SCRIPTS HOST PORT WORKERS MASTER_KEY LOG_LEVEL ALLOW_UNAUTHENTICATED_PROXY\n"
      "and the providers' own (OPENAI_API_KEY, ANTHROPIC_API_KEY, ...). See README.md.\n");
}

static const struct command *command_find(const char *name) {
  for (size_t i = 0; i < COMMANDS; i++) {
    if (strcmp(commands[i].name, name) == 0) return &commands[i];
  }
  return NULL;
}

static int command_unknown(const char *name) {
  for (size_t i = 0; i < COMMANDS; i++) {
    if (strncmp(commands[i].name, name, 2) == 0) {
      fprintf(stderr, "moongate: unknown command \"%s\". Did you mean \"%s\"?\n", name, commands[i].name);
      return 2;
    }
  }
  fprintf(stderr, "moongate: unknown command \"%s\". moongate help lists them.\n", name);
  return 2;
}

static int is_help(const char *word) {
  return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int main(int argc, char **argv) {
  const char *name = argc > 1 ? argv[1] : "serve";
  if (strcmp(name, "--version") == 0) name = "version";
  const struct command *command = command_find(name);
  if (is_help(name) || (command && command->run != run_spec && argc == 3 && is_help(argv[2]))) {
    print_help(stdout);
    return 0;
  }
  if (!command) return command_unknown(name);
  char scripts[4096];
  if (command->run != run_version && launch_find_scripts(scripts, sizeof scripts) < 0) {
    fprintf(stderr,
            "moongate: cannot find the bundled scripts: the folder lua belongs beside the program's own folder, or "
            "into share/moongate there\n");
    return 1;
  }
  return command->run(scripts, argc > 2 ? argc - 2 : 0, argv + 2);
}
