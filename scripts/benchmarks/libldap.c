/*
 * What libldap can do: threads, each with connections of its own that stay open, log one person in again and again.
 *
 *   libldap WHAT URL CA START_TLS SERVICE_DN SERVICE_PASSWORD BASE FILTER DN PASSWORD THREADS MILLISECONDS
 *
 * WHAT is "bind", or "search": a search as the service, then a bind as what it found. Prints how many logins there were.
 */
#include <ldap.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char **args;
static pthread_barrier_t ready;

static int64_t now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

static void must(int code, const char *what) {
  if (code == LDAP_SUCCESS) return;
  fprintf(stderr, "libldap: %s: %s\n", what, ldap_err2string(code));
  exit(1);
}

static LDAP *dial(void) {
  LDAP *ldap;
  int version = LDAP_VERSION3;
  must(ldap_initialize(&ldap, args[2]), "initialize");
  must(ldap_set_option(ldap, LDAP_OPT_PROTOCOL_VERSION, &version), "version");
  if (strcmp(args[4], "yes") == 0) must(ldap_start_tls_s(ldap, NULL, NULL), "StartTLS");
  return ldap;
}

static void login(LDAP *ldap, const char *dn, char *password) {
  struct berval secret = {.bv_len = strlen(password), .bv_val = password};
  must(ldap_sasl_bind_s(ldap, dn, LDAP_SASL_SIMPLE, &secret, NULL, NULL, NULL), "bind");
}

static void find_and_login(LDAP *searcher, LDAP *binder) {
  char *attributes[] = {"mail", "mailAlternateAddress", "accountStatus", NULL};
  LDAPMessage *found = NULL;
  must(ldap_search_ext_s(searcher, args[7], LDAP_SCOPE_SUBTREE, args[8], attributes, 0, NULL, NULL, NULL, 2, &found), "search");
  char *dn = ldap_get_dn(searcher, ldap_first_entry(searcher, found));
  login(binder, dn, args[10]);
  ldap_memfree(dn);
  ldap_msgfree(found);
}

static void *walk(void *counter) {
  long *logins = counter;
  int searches = strcmp(args[1], "search") == 0;
  LDAP *binder = dial(), *searcher = NULL;
  if (searches) login(searcher = dial(), args[5], args[6]);
  pthread_barrier_wait(&ready);
  for (int64_t end = now() + atol(args[12]); now() < end; ++*logins) {
    if (searches) find_and_login(searcher, binder);
    else login(binder, args[9], args[10]);
  }
  return NULL;
}

int main(int count, char **given) {
  enum { most = 256 };
  pthread_t threads[most];
  static long logins[most];
  long total = 0;
  if (count != 13) return 64;
  args = given;
  int crowd = atoi(args[11]);
  if (crowd < 1 || crowd > most) return 64;
  if (*args[3]) must(ldap_set_option(NULL, LDAP_OPT_X_TLS_CACERTFILE, args[3]), "CA");
  pthread_barrier_init(&ready, NULL, crowd);
  for (int each = 0; each < crowd; each += 1) pthread_create(&threads[each], NULL, walk, &logins[each]);
  for (int each = 0; each < crowd; each += 1) {
    pthread_join(threads[each], NULL);
    total += logins[each];
  }
  printf("%ld\n", total);
  return 0;
}
