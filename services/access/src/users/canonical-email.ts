/**
 * Gives the form in which two spellings of one e-mail address are equal: without surrounding space, in Unicode's
 * compatible form (NFKC), in lower case. Dots and `+` stay, because only the mail server knows their meaning, and
 * because to merge two people is worse than to treat one person as two.
 */
export function canonicalEmail(email: string): string {
  return email.trim().normalize('NFKC').toLowerCase();
}
