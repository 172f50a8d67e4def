package admin

import (
	"net/http"

	"huiwen/knowledge/account"
	"huiwen/knowledge/plan/document"
)

// routes is the table of every route: what is not in it is not served.
func routes() []route {
	see := func(path, menu string, roles []account.Role, do func(*visit) error) route {
		return route{method: http.MethodGet, path: path, roles: roles, menu: menu, do: do}
	}
	act := func(path string, roles []account.Role, do func(*visit) error) route {
		return route{method: http.MethodPost, path: path, roles: roles, do: do}
	}
	open := func(method, path string, do func(*visit) error) route {
		return route{method: method, path: path, open: true, do: do}
	}
	own := func(method, path, menu string, do func(*visit) error) route {
		return route{method: method, path: path, own: true, menu: menu, do: do}
	}
	long := func(r route) route { r.long = true; return r }
	upload := func(r route) route { r.long, r.limit = true, document.MaxFile+(1<<20); return r }
	return []route{
		open(http.MethodGet, "/admin/style.css", asset("style.css", "text/css; charset=utf-8")),
		open(http.MethodGet, "/admin/admin.js", asset("admin.js", "text/javascript; charset=utf-8")),
		open(http.MethodGet, "/admin/icon.svg", asset("icon.svg", "image/svg+xml")),
		open(http.MethodGet, "/admin/signin", signInPage),
		open(http.MethodPost, "/admin/signin", signIn),
		open(http.MethodGet, "/admin/scan", scan),
		open(http.MethodGet, "/admin/scanned", scanned),
		open(http.MethodGet, "/admin/invite", invitePage),
		open(http.MethodPost, "/admin/invite", acceptInvite),
		own(http.MethodPost, "/admin/signout", "", signOut),

		see("/admin/", "概览/概览", watching, overview),
		see("/admin/overview.xlsx", "", watching, overviewSheet),
		see("/admin/missed", "问答/没答上的", reading, missedPage),
		see("/admin/missed.xlsx", "", reading, missedSheet),
		see("/admin/log", "问答/问答记录", reading, logPage),
		see("/admin/log.xlsx", "", reading, logSheet),
		see("/admin/ratings", "问答/评价", reading, logPage),
		see("/admin/try", "问答/测试提问", reading, tryPage),

		see("/admin/plans", "知识/计划和版本", reading, plansPage),
		upload(act("/admin/plans/import", editing, importPlan)),
		long(act("/admin/plans/rollback", issuing, rollback)),
		long(see("/admin/drafts/{id}", "", reading, draftPage)),
		long(see("/admin/drafts/{id}/report", "", reading, reportPage)),
		see("/admin/drafts/{id}/original", "", reading, originalFile),
		long(see("/admin/drafts/{id}/diff", "", reading, diffPage)),
		long(see("/admin/drafts/{id}/correct", "", reading, correctPage)),
		long(act("/admin/drafts/{id}/correct", editing, correct)),
		act("/admin/drafts/{id}/approve", approving, approve),
		long(act("/admin/drafts/{id}/publish", issuing, publish)),
		act("/admin/drafts/{id}/discard", editing, discard),
		act("/admin/drafts/{id}/rebase", editing, rebase),

		see("/admin/documents", "知识/文件和常见问答", reading, documentsPage),
		see("/admin/documents/new", "", reading, documentsPage),
		upload(act("/admin/documents/import", editing, importDocument)),
		act("/admin/documents/change", editing, changeDocument),
		act("/admin/documents/entry", editing, addEntry),
		act("/admin/documents/drop", editing, dropEntry),
		see("/admin/cards", "知识/办事信息卡", reading, cardsPage),
		act("/admin/cards", editing, saveCard),
		act("/admin/cards/drop", editing, dropCard),
		see("/admin/words", "知识/大家的说法", reading, wordsPage),
		see("/admin/words/word", "", reading, wordsPage),
		see("/admin/words/similar", "知识/类似问法", reading, similarPage),
		see("/admin/words/negative", "", reading, similarPage),
		see("/admin/words/topic", "知识/计划外的话题", reading, topicPage),
		act("/admin/words/add", editing, addWord),
		act("/admin/words/drop", editing, dropWord),
		long(see("/admin/drafts/{id}/effect", "", reading, effectPage)),

		see("/admin/ledger", "台账/台账", ledgering, ledgerPage),
		see("/admin/ledger.xlsx", "", ledgering, ledgerSheet),
		see("/admin/ledger.docx", "", ledgering, ledgerPaper),
		see("/admin/ledger/row", "", ledgering, rowPage),
		act("/admin/ledger/act", ordering, ledgerAct),
		act("/admin/ledger/undo", ordering, undoAct),
		see("/admin/ledger/give", "", deciding, givePage),
		act("/admin/ledger/give", deciding, giveAway),
		see("/admin/review", "台账/待审核", ledgering, reviewPage),
		see("/admin/urge", "台账/建议催办", ledgering, urgePage),
		act("/admin/urge", deciding, sendUrge),
		see("/admin/due", "台账/到期日历", ledgering, duePage),
		see("/admin/delivery", "台账/送达", ledgering, deliveryPage),
		see("/admin/arming", "台账/预演和启用", ledgering, armingPage),
		act("/admin/arming/arm", deciding, arm),
		long(act("/admin/arming/release", deciding, release)),
		act("/admin/arming/disarm", deciding, disarm),
		act("/admin/arming/pause", deciding, pauseReminding),
		act("/admin/arming/resume", deciding, resumeReminding),

		see("/admin/directory", "单位/通讯录", watching, directoryPage),
		act("/admin/directory", keeping, saveDirectory),
		see("/admin/directory/bureau", "", watching, bureauPage),
		act("/admin/directory/bureau", keeping, saveBureau),
		act("/admin/directory/person", keeping, savePerson),
		act("/admin/directory/person/remove", keeping, removePerson),
		act("/admin/directory/successor", keeping, succeed),
		see("/admin/calendar", "单位/工作日历", watching, calendarPage),
		act("/admin/calendar", keeping, saveCalendar),

		see("/desk/", "窗口/按编号查答复", desking, desk),

		see("/admin/channels", "系统/渠道", watching, channelsPage),
		act("/admin/channels/pause", steering, pauseChannel),
		act("/admin/channels/resume", steering, resumeChannel),
		act("/admin/channels/trial", trying, sendTrial),

		see("/admin/accounts", "系统/账号", guarding, accountsPage),
		act("/admin/accounts", steering, createAccount),
		act("/admin/accounts/roles", guarding, changeRoles),
		act("/admin/accounts/invite", guarding, inviteAccount),
		act("/admin/accounts/disable", guarding, disableAccount),
		act("/admin/accounts/unlock", guarding, unlockAccount),
		act("/admin/accounts/second", guarding, dropSecond),
		act("/admin/accounts/link", guarding, linkAccount),

		long(see("/admin/audit", "系统/审计", auditing, auditPage)),
		long(see("/admin/audit.xlsx", "", auditing, auditSheet)),

		own(http.MethodGet, "/admin/me", "系统/我的账号", me),
		own(http.MethodPost, "/admin/me/password", "", changePassword),
		own(http.MethodGet, "/admin/me/second", "", secondPage),
		own(http.MethodPost, "/admin/me/second", "", enrol),
	}
}
