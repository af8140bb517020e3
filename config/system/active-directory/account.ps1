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

# With gatekeeper.ldif in the schema, and where the settings name them: directory.scram_attribute and
# directory.app_password_attribute are confidential, and who reads one needs the right "Control Access" beside "Read
# Property"; domain administrators have it. Limits and rights everybody can read by default, and only administrators write.
#
#   foreach ($property in 'gatekeeperScramVerifier', 'gatekeeperAppPassword') {
#     dsacls $people /I:S /G "${domain}\${account}:RPCA;$property;user"
#   }
#   foreach ($property in 'gatekeeperLimit', 'gatekeeperTls', 'gatekeeperSendAs', 'gatekeeperOnBehalf', 'gatekeeperGrant', 'gatekeeperPair',
#       'gatekeeperCertificate') {
#     dsacls $people /I:S /G "${domain}\${account}:RP;$property;user"
#   }
#
# Groups, of which it compares members, and what lends addresses (send_as_filter, on_behalf_filter) everybody can read by default, too.
# Where you took that away, with the place of your groups, and publicDelegates of users where on_behalf_filter compares it:
#
#   foreach ($property in 'objectClass', 'member', 'mail', 'proxyAddresses') {
#     dsacls 'OU=Groups,DC=corp,DC=example' /I:S /G "${domain}\${account}:RP;$property;group"
#   }
#
# These lines, unlike those below, were not tried with Samba. Give nobody the right to write them in an object of his own
# (Self), and neither mail nor proxyAddresses.

# What directory.filter compares, directory.address_attributes, and directory.state_attributes: with the preset
# active-directory. What cannot be read of the state counts where a password is asked all the same: Active Directory
# refuses the password then.
foreach ($property in 'objectClass', 'objectCategory', 'userPrincipalName', 'sAMAccountName', 'mail', 'proxyAddresses',
    'userAccountControl', 'accountExpires', 'pwdLastSet', 'msDS-User-Account-Control-Computed') {
  dsacls $people /I:S /G "${domain}\${account}:RP;$property;user"
}
