#ifndef _INCLUDED_mon_to_inh_pre_codeobject
#define _INCLUDED_mon_to_inh_pre_codeobject

void _run_mon_to_inh_pre_codeobject();

void _debugmsg_mon_to_inh_pre_codeobject();

#endif
