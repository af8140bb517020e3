# Active Directory: an account for the gateway, and what it must be able to read. For a domain administrator; change the
# names in the first four lines.
#
# This script was not run on Windows. The access control entries that its dsacls lines make were tried on a domain
# controller of Samba 4.17: they are enough to find an account, log it in and know its addresses, even where a user object
# gives nothing to "Authenticated Users", and they let the account write nothing.
#
# By default Active Directory lets every account read most of what is not secret. An entry here cannot take that away:
# what an object itself allows wins over what it inherits as denied. So give this account no group but Domain Users, and
# deny it "log on locally" and "log on through Remote Desktop Services" by group policy.

$domain = 'CORP'
$account = 'gatekeeper'
$services = 'OU=Services,DC=corp,DC=example'
$people = 'OU=Staff,DC=corp,DC=example'

New-ADUser -Name $account -SamAccountName $account -Path $services `
  -AccountPassword (Read-Host -AsSecureString 'Password of the account') `
  -CannotChangePassword $true -PasswordNeverExpires $true -Enabled $true

# directory.scram_attribute and directory.app_password_attribute are attributes that you add to the schema, of the syntax
# Octet String (2.5.5.10, oMSyntax 4), several values, in an auxiliary class of user. Everybody can read most attributes:
# make these confidential, by searchFlags 128, when you add them. Who then reads one needs the right "Control Access" on
# it beside "Read Property"; domain administrators have it:
#
#   foreach ($property in 'gatekeeperScramVerifier', 'gatekeeperAppPassword') {
#     dsacls $people /I:S /G "${domain}\${account}:RPCA;$property;user"
#   }
#
# These lines, unlike those below, were not tried with Samba.

# What directory.filter compares, directory.address_attributes, and directory.state_attributes: with the preset
# active-directory. What cannot be read of the state counts where a password is asked all the same: Active Directory
# refuses the password then.
foreach ($property in 'objectClass', 'objectCategory', 'userPrincipalName', 'sAMAccountName', 'mail', 'proxyAddresses',
    'userAccountControl', 'accountExpires', 'pwdLastSet', 'msDS-User-Account-Control-Computed') {
  dsacls $people /I:S /G "${domain}\${account}:RP;$property;user"
}
