/**
 * From where on a pattern is taken for something, each with its reason. They are set so that what people do by mistake stays
 * well below: whoever tries less often than a person would is not found, and not accused.
 */
export const thresholds = {
  /** How far back an account is known from a network, or by its habits. A newsletter comes once a month. */
  pastDays: 45,
  stale: {
    /**
     * Hours in which one wrong password came again. A telephone that nobody told the new password lags for an hour or three; who
     * habitually types the old one first does so once on each working day.
     */
    hours: 8,
    /** From the first to the last time: an afternoon of trying is none. */
    spanHours: 12,
    /** Where passwords are not known apart (SCRAM), twice as many, all in one network. */
    hoursUntold: 16,
    /** A device moves between home, work and a mobile network; who guesses has more, and stays in none. */
    networks: 12,
    triesPerNetwork: 3,
    /** Of the tries with the account there: who guesses tries others, too. */
    share: 0.5,
  },
  guessing: {
    /** Different passwords of one account, from where it never logged in. People have half a dozen, and give up. */
    passwords: 15,
    /** From where it did log in: its owner, who looks for the right one. */
    passwordsFromHome: 30,
    /** Tries where passwords are not known apart, and in how many hours: a telephone tries each minute, for an hour or three. */
    triesUntold: 40,
    hoursUntold: 5,
    triesUntoldFromHome: 150,
    /** So many networks, of those that make most of it, are not one person who travels. */
    distributedNetworks: 10,
    mostOfIt: 0.8,
    /** A network with less of it came there by chance. */
    networkShare: 0.05,
  },
  spraying: {
    /** Accounts that were tried with one password, from where they never logged in. */
    accounts: 8,
    /**
     * There are 4096 values, so passwords share one by chance: by Poisson, five deviations above the mean, and three more, are
     * not chance (below one in 100,000 for each value).
     */
    deviations: 5,
    margin: 3,
    /** Popular passwords come again in lists of stolen ones: one in a hundred, together less than one in five. */
    popularShare: 0.01,
    popularTogether: 0.2,
    /** Of what a network of the campaign tries: in others such a password is there by chance. */
    shareOfNetwork: 0.5,
    /** Beyond it each account is guessed at, with the same list. */
    passwordsPerAccount: 2,
  },
  stuffing: {
    /** Accounts that failed in one network, none of which ever logged in there. */
    accountsOfNetwork: 10,
    /** In all strange networks together; some people mistype in a hotel and give up. */
    accounts: 15,
    /** And so many of the accounts that do log in, since a large house has more of these people. */
    shareOfAccounts: 0.03,
    /** Tries with each account: a list has one password for each, now and then two. */
    triesPerAccount: 3,
  },
  /** A network is trusted if for so many accounts that only failed there is one that logged in: an office, a NAT, webmail. */
  failuresPerSuccess: 4,
  takeover: {
    /**
     * A network from which so many accounts were tried, in a campaign of so few such, belongs to who attacks. Of hundreds many are homes
     * of people, and one of ours may live there.
     */
    accountsOfNetwork: 10,
    networksOfAttack: 10,
    /** On how many days before an account must have been seen, so that it has habits. */
    pastDays: 3,
    /** Messages of one day from networks that are new to it: this many times its busiest day, and no fewer than these. */
    times: 4,
    messages: 40,
    recipients: 150,
    /** With fewer days of past. */
    messagesWithoutHabit: 150,
    recipientsWithoutHabit: 600,
    /** From its own networks (its computer is taken over): so many times its busiest day, and this share comes back. */
    timesFromHome: 8,
    bouncedShare: 0.2,
    /** Of an account with that past; `recipientsWithoutHabit` of others. */
    recipientsFromHome: 200,
    /** From networks that are new to it, where that share comes back: more messages than ever, and so many recipients lost. */
    bounced: 10,
  },
  misconfigured: {
    /** A client that nobody knows is told of only when it comes again: the internet is full of those who try once. */
    events: 3,
    hours: 2,
  },
  drift: {
    /** A system that sends as us comes on several days, and at several hours; who forges does so in a burst. */
    hours: 5,
    days: 2,
    messages: 5,
  },
  /** Of one section; more are cut, those with the fewest events first. */
  mostFindings: 50,
  mostRows: 200,
  /** Rows that are asked for at once. The most frequent come first, and of those that came once the latest. */
  mostTallies: 300_000,
  /** Networks that a finding names. */
  mostNetworks: 2000,
} as const;
