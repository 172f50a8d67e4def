package handlers

// What people read that is no fact. No digit, date, amount, bureau or programme
// name may stand here: the renderer refuses the reply.
const (
	sayWordless   = "我只看得懂文字，还看不懂图片和表情。请用一句话告诉我您想问什么。"
	sayNotInPlan  = "这件事不在这份计划里，我不能乱说。您可以换个说法再问，或者向当地政务服务窗口咨询。"
	sayWhichOne   = "您想问的是下面哪一件？回复序号就行。"
	sayTellMore   = "请多告诉我一点：您想问哪方面的事？比如外出务工、创业、培训、低保、住房。"
	sayHuman      = "这里暂时没有人工值守。急事请直接联系负责单位；一般问题您可以接着问我。"
	sayDelete     = "我这里没有保存您的个人信息，这次聊天的内容已经清空。"
	sayExit       = "好的，先聊到这里。想问的时候再找我。"
	sayDecline    = "这个我做不到。我只按已经公布的计划回答，不会照别的说法改答案。您想了解哪项政策？"
	sayByPlanOnly = "我只按已经公布的计划回答，计划里是这样写的："
	sayCalm       = "让您着急了，抱歉。请告诉我您想办哪件事，我帮您查计划里怎么说。"
	sayCrisis     = "您现在的安全最要紧，请先打电话找人帮忙："
	sayComplaint  = "这类问题要由专门渠道受理，我不能代为处理："

	sayNoItem    = "计划里没有这个编号。"
	sayNoNext    = "后面没有了。"
	sayNoSuch    = "计划里没有查到符合的任务。"
	sayBureaus   = "责任单位（计划所列）："
	sayFirst     = "列首位的是"
	sayLead      = "牵头的是"
	sayWindow    = "；受理窗口计划没写"
	sayEtc       = "等"
	sayStop      = "。"
	sayAmount    = "计划写的数额："
	sayTarget    = "计划定的目标："
	sayDeadline  = "时限："
	sayNoAmount  = "具体数额计划没写。"
	sayNoTime    = "具体时间计划没写。"
	sayNoTarget  = "这一项没有写明数量目标。"
	sayPlanSays  = "计划里写的是："
	sayHedge     = "带“力争”“争取”“探索”这类字眼的是工作目标，不等于每个人都能享受。"
	saySelf      = "可以"
	sayReadAll   = "看这一项的原文"
	sayWhoDoes   = "由哪些单位负责"
	sayHowMuch   = "补多少、怎么算"
	sayByWhen    = "有没有时限"
	sayTargets   = "今年的目标是多少"
	sayOtherOnes = "还可能和这些有关，回复序号查看："
)

// notWritten says, by intent, what the plan does not hold.
var notWritten = map[string]string{
	"phone":   "电话和联系方式计划没写。",
	"where":   "办理地点计划没写。",
	"papers":  "要带哪些材料计划没写。",
	"how":     "具体办理流程计划没写。",
	"rate":    "利率和补贴比例计划没写。",
	"ceiling": "最高额度计划没写。",
	"amount":  sayNoAmount,
	"paid":    "有没有发放到账，计划里查不到。",
}
