// @ts-check
/** The few words of the way in, in each language. They stand apart so that the page opens without the map's. */

/** @typedef {keyof typeof EN} Word */

const EN = {
  title: "Sign in",
  about: "Sign in to the map of your control room.",
  name: "Name",
  password: "Password",
  chooseOne: "Choose a password, then you are signed in. At least 12 characters; several words are easy to keep.",
  newPassword: "New password",
  choose: "Choose and sign in",
  weak: "This password is too short, or too easy to guess.",
  signIn: "Sign in",
  signOut: "Sign out",
  language: "Language",
  organisation: "Sign in with your organisation's account",
  wrong: "Name and password do not match an account.",
  link: "This link was used already, or is too old. Ask for another.",
  later: "Too many attempts. Wait {seconds} s, then try again.",
  busy: "The server is busy. Try again in a few seconds.",
  away: "The server does not answer. Try again when the link is up.",
  ended: "Your session has ended. Sign in again.",
  denied: "Your organisation did not sign you in here: {reason}",
  caps: "Caps Lock is on.",
  insecure: "This page was reached without encryption, so the browser will not keep you signed in. Use https.",
  inside: "You are signed in as {name} ({role}). This role has no live picture: it looks after accounts and tokens, by the command line or the API.",
};

/** @type {Record<string, Record<Word, string>>} */
const WORDS = {
  en: EN,
  nl: {
    title: "Aanmelden",
    about: "Meld u aan voor de kaart van uw meldkamer.",
    name: "Naam",
    password: "Wachtwoord",
    chooseOne: "Kies een wachtwoord; daarna bent u aangemeld. Minstens 12 tekens; enkele woorden zijn makkelijk te onthouden.",
    newPassword: "Nieuw wachtwoord",
    choose: "Kiezen en aanmelden",
    weak: "Dit wachtwoord is te kort of te makkelijk te raden.",
    signIn: "Aanmelden",
    signOut: "Afmelden",
    language: "Taal",
    organisation: "Aanmelden met het account van uw organisatie",
    wrong: "Naam en wachtwoord horen niet bij een account.",
    link: "Deze link is al gebruikt of te oud. Vraag een nieuwe.",
    later: "Te veel pogingen. Wacht {seconds} s en probeer opnieuw.",
    busy: "De server is bezet. Probeer het over enkele seconden opnieuw.",
    away: "De server antwoordt niet. Probeer opnieuw als de verbinding er weer is.",
    ended: "Uw sessie is beëindigd. Meld u opnieuw aan.",
    denied: "Uw organisatie heeft u hier niet aangemeld: {reason}",
    caps: "Caps Lock staat aan.",
    insecure: "Deze pagina is zonder versleuteling geopend, dus de browser houdt u niet aangemeld. Gebruik https.",
    inside: "U bent aangemeld als {name} ({role}). Deze rol heeft geen live beeld: zij beheert accounts en tokens, met de opdrachtregel of de API.",
  },
  fr: {
    title: "Connexion",
    about: "Connectez-vous à la carte de votre centrale.",
    name: "Nom",
    password: "Mot de passe",
    chooseOne: "Choisissez un mot de passe ; vous serez ensuite connecté. Au moins 12 caractères ; quelques mots se retiennent bien.",
    newPassword: "Nouveau mot de passe",
    choose: "Choisir et se connecter",
    weak: "Ce mot de passe est trop court ou trop facile à deviner.",
    signIn: "Se connecter",
    signOut: "Se déconnecter",
    language: "Langue",
    organisation: "Se connecter avec le compte de votre organisation",
    wrong: "Le nom et le mot de passe ne correspondent à aucun compte.",
    link: "Ce lien a déjà servi ou est trop ancien. Demandez-en un autre.",
    later: "Trop de tentatives. Attendez {seconds} s, puis réessayez.",
    busy: "Le serveur est occupé. Réessayez dans quelques secondes.",
    away: "Le serveur ne répond pas. Réessayez quand la liaison sera rétablie.",
    ended: "Votre session est terminée. Reconnectez-vous.",
    denied: "Votre organisation ne vous a pas connecté ici : {reason}",
    caps: "Le verrouillage des majuscules est activé.",
    insecure: "Cette page a été ouverte sans chiffrement : le navigateur ne gardera pas votre connexion. Utilisez https.",
    inside: "Vous êtes connecté comme {name} ({role}). Ce rôle n'a pas d'image en direct : il gère les comptes et les jetons, par la ligne de commande ou l'API.",
  },
  de: {
    title: "Anmelden",
    about: "Melden Sie sich bei der Karte Ihrer Leitstelle an.",
    name: "Name",
    password: "Passwort",
    chooseOne: "Wählen Sie ein Passwort; danach sind Sie angemeldet. Mindestens 12 Zeichen; ein paar Wörter merkt man sich gut.",
    newPassword: "Neues Passwort",
    choose: "Wählen und anmelden",
    weak: "Dieses Passwort ist zu kurz oder zu leicht zu erraten.",
    signIn: "Anmelden",
    signOut: "Abmelden",
    language: "Sprache",
    organisation: "Mit dem Konto Ihrer Organisation anmelden",
    wrong: "Name und Passwort gehören zu keinem Konto.",
    link: "Dieser Link wurde schon benutzt oder ist zu alt. Fragen Sie nach einem neuen.",
    later: "Zu viele Versuche. Warten Sie {seconds} s und versuchen Sie es erneut.",
    busy: "Der Server ist beschäftigt. Versuchen Sie es in einigen Sekunden erneut.",
    away: "Der Server antwortet nicht. Versuchen Sie es erneut, wenn die Verbindung steht.",
    ended: "Ihre Sitzung ist beendet. Melden Sie sich erneut an.",
    denied: "Ihre Organisation hat Sie hier nicht angemeldet: {reason}",
    caps: "Die Feststelltaste ist aktiv.",
    insecure: "Diese Seite wurde ohne Verschlüsselung geöffnet, der Browser behält Ihre Anmeldung daher nicht. Nutzen Sie https.",
    inside: "Sie sind als {name} ({role}) angemeldet. Diese Rolle hat kein Live-Bild: Sie verwaltet Konten und Token, mit der Befehlszeile oder der API.",
  },
  lb: {
    title: "Umellen",
    about: "Mellt Iech op der Kaart vun Ärer Leitstell un.",
    name: "Numm",
    password: "Passwuert",
    chooseOne: "Wielt e Passwuert; duerno sidd Dir ugemellt. Op d’mannst 12 Zeechen; e puer Wierder verhält ee sech gutt.",
    newPassword: "Neit Passwuert",
    choose: "Wielen an umellen",
    weak: "Dëst Passwuert ass ze kuerz oder ze einfach ze roden.",
    signIn: "Umellen",
    signOut: "Ofmellen",
    language: "Sprooch",
    organisation: "Mam Kont vun Ärer Organisatioun umellen",
    wrong: "Numm a Passwuert passen zu kengem Kont.",
    link: "Dëse Link gouf scho benotzt oder ass ze al. Frot no engem neien.",
    later: "Ze vill Versich. Waart {seconds} s a probéiert nach eng Kéier.",
    busy: "De Server ass beschäftegt. Probéiert an e puer Sekonnen nach eng Kéier.",
    away: "De Server äntwert net. Probéiert nach eng Kéier, wann d'Verbindung erëm do ass.",
    ended: "Är Sëtzung ass eriwwer. Mellt Iech nach eng Kéier un.",
    denied: "Är Organisatioun huet Iech hei net ugemellt: {reason}",
    caps: "Caps Lock ass un.",
    insecure: "Dës Säit gouf ouni Verschlësselung opgemaach, de Browser hält Iech net ugemellt. Benotzt https.",
    inside: "Dir sidd als {name} ({role}) ugemellt. Dës Roll huet kee Live-Bild: si geréiert Konten an Tokens, mat der Kommandozeil oder der API.",
  },
};

/** Every language, by its own name. */
export const LANGUAGES = { nl: "Nederlands", fr: "Français", de: "Deutsch", en: "English", lb: "Lëtzebuergesch" };

/**
 * The first of these languages that there are words for.
 * @param {readonly (string | null)[]} wanted as in `navigator.languages`
 */
export function choose(wanted) {
  const found = wanted.map((tag) => (tag ?? "").slice(0, 2).toLowerCase()).find((tag) => tag in WORDS);
  return found ?? "en";
}

/**
 * @param {string} language one that `choose` gave
 * @param {Word} word
 * @param {Record<string, string | number>} [values] for the `{places}` in it
 */
export function say(language, word, values = {}) {
  const words = WORDS[language] ?? EN;
  return words[word].replace(/\{(\w+)\}/g, (_, place) => String(values[place] ?? ""));
}
