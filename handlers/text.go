package handlers

// What people read that is no fact. No digit, date, amount, bureau or programme
// name may stand here: the renderer refuses the reply.
const (
	sayWordless   = "我只看得懂文字，还听不懂语音，也看不懂图片和表情。请用一句话告诉我您想问什么。"
	sayNotInPlan  = "这件事不在这份计划里，我不能乱说。您可以换个说法再问，或者向当地政务服务窗口咨询。"
	sayWhichOne   = "您想问的是下面哪一件？回复序号就行。"
	sayNear       = "计划里相近的有这些，回复序号可以查看："
	sayGuess      = "您问的可能是"
	sayTellMore   = "请多告诉我一点：您想问哪方面的事？比如外出务工、创业、培训、低保、住房。"
	sayHuman      = "这里暂时没有人工值守。急事请直接联系负责单位；一般问题您可以接着问我。"
	sayHumanNow   = "正在为您转接工作人员，请稍候。"
	sayHumanHours = "现在没有工作人员值守，服务时间是"
	sayHumanElse  = "。急事请直接联系负责单位；一般问题您可以接着问我。"
	sayDelete     = "已经删除这次聊天的内容和以前的答复。您可以重新提问。"
	sayExit       = "好的，先聊到这里。想问的时候再找我。"
	sayDecline    = "这个我做不到。我只按已经公布的计划回答，不会照别的说法改答案。您想了解哪项政策？"
	sayCalm       = "让您着急了，抱歉。请告诉我您想办哪件事，我帮您查计划里怎么说。"
	sayCrisis     = "您现在的安全最要紧，请先打电话找人帮忙："
	sayComplaint  = "这类问题要由专门渠道受理，我不能代为处理："

	sayByYourWords   = "按您说的情况，"
	sayNoted         = "记下了："
	sayAbout         = "关于“"
	sayNotedOnly     = "好的。"
	sayNotUnderstood = "没听明白，请直接回答；说不清可以回复“不清楚”。"
	sayLikely        = "初步符合"
	sayUnlikely      = "暂不符合"
	sayUndecided     = "还不能确定"
	sayWhether       = "是否符合"
	sayNoConditions  = "具体条件由省、市规定，计划没列，不能判断您是否符合"
	sayPlanText      = "计划原文："
	saySilent        = "计划没有写："
	sayOffice        = "还要由单位认定："
	sayImprove       = "还差什么："
	sayNotTold       = "（您还没说）"
	sayAssumed       = "”，先按这样算，不是的请告诉我）"
	sayAsk           = "再问您一句："
	sayConsent       = "下面要问的涉及个人情况（比如残疾、低保）。只由这个程序用来对照这一项的条件，不给别人看；您停下一会儿不说话就忘掉，写进答复的和答复一起保存"
	sayConsentEnd    = "，回复“删除我的信息”马上删除。同意我问吗？不同意也可以，我把条件列给您自己看。"
	sayWhyConsent    = "有的条件只有知道这些情况才能对照。"
	sayPreliminary   = "按计划条文自动比对，不是审批决定，以受理部门审核为准；您仍可申请或咨询。"
	sayMayEdit       = "有说错的，回复“改”就能改。"
	sayWhichEdit     = "要改哪一个？回复序号就行。"
	sayNoEdit        = "还没有可以改的。请先说说您的情况。"
	sayEdit          = "重新说一下："
	sayDropped       = "这一条去掉了。"
	sayForgotten     = "前面说的情况已经忘了。请再说一遍您的情况，我重新帮您对一对。"
	sayYes           = "是"
	sayNo            = "不是"
	saySkipped       = "没有回答"
	sayLeft          = "这题之后还可能问"
	sayLeftUnit      = "个"
	sayLast          = "这可能是最后一个问题"
	sayCompare       = "对照条件，看我符不符合"
	sayTellStory     = "请先说说您的情况，我再帮您对一对：比如是不是农村户口、毕业多久、有没有开店、在哪里上班。"
	sayOpenCard      = "对照条件："
	sayScanLikely    = "按您说的，初步符合的有："
	sayScanNear      = "还差一项就能确定的有："
	sayScanOpen      = "还不能确定、要再问几句的有："

	sayNoPlanThen  = "您问的那一年没有已发布的计划，下面是现有计划的内容："
	sayNoEnd       = "计划没写管到哪一天。"
	sayFAQ         = "答复来源："
	sayDisputed    = "几份文件写的数额不一样，正在核实，先不报数，请向责任单位确认。"
	sayConfirmed   = "经核实，现行的数额："
	sayDocNoBureau = "这份文件没写责任单位。"

	sayMine        = "这是您在"
	sayMineNumber  = "得到的答复（编号"
	sayThen        = "），按当时公布的计划。"
	sayNewer       = "计划后来更新过，可以重新问一次。"
	sayOthers      = "这个编号（"
	sayOthersFacts = "）的答复里，个人情况只给本人看，这里没有列出。"
	sayNoAnswer    = "没有找到这个编号的答复，可能已经过期或删除了，也可能抄错了。"
	sayNoItem      = "计划里没有这个编号。"
	sayNoNext      = "后面没有了。"
	sayWhichBureau = "请写明是哪个单位，我再列出来。"
	sayNoSuch      = "计划里没有查到符合的任务。"
	sayBureaus     = "责任单位（计划所列）："
	sayFirst       = "列首位的是"
	sayWindowIs    = "；受理窗口："
	sayWindow      = "；受理窗口计划没写"
	sayNoBureau    = "责任单位计划没有写明。"
	sayEtc         = "等"
	sayStop        = "。"
	sayAmount      = "计划写的数额："
	sayTarget      = "计划定的目标："
	sayDeadline    = "时限："
	sayNoAmount    = "具体数额计划没写。"
	sayNoTime      = "具体时间计划没写。"
	sayNoTarget    = "这一项没有写明数量目标。"
)

// notWritten is what people ask for that plans seldom hold: the intent, the
// words by which a measure would speak of it, and what is said when it does not.
// The first that fits is said.
var notWritten = []struct {
	intent string
	words  []string
	say    string
}{
	{"phone", []string{"电话"}, "电话和联系方式计划没写。"},
	{"where", []string{"地址", "窗口"}, "办理地点计划没写。"},
	{"papers", []string{"材料"}, "要带哪些材料计划没写。"},
	{"rate", []string{"利率", "比例"}, "利率和补贴比例计划没写。"},
	{"ceiling", []string{"上限", "最高"}, "最高额度计划没写。"},
	{"paid", nil, "有没有发放到账，计划里查不到。"},
	{"how", []string{"流程"}, "具体办理流程计划没写。"},
}

// What is said around the goals of the whole document.
const (
	sayGoal        = "计划的总目标："
	sayPreamble    = "来源：《"
	sayPreambleEnd = "》开头部分"
)
