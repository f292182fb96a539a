/**
 * The form in which two spellings of one e-mail address are equal: without surrounding space, in Unicode's compatible
 * form, lower case. Dots and `+` stay: what they mean is the mail server's business, and merging two people is worse
 * than telling one apart twice.
 */
export function canonicalEmail(email: string): string {
  return email.trim().normalize('NFKC').toLowerCase();
}
